# SPDX-License-Identifier: Apache-2.0
"""Runs the nodes of a QONNX graph in PyTorch, in whatever precision the tensors have.

In float64 it is the reference for graphs that come without a PyTorch module, and the function that streamlining
tabulates; on integer graphs it is the fast golden model. Each operator calls the PyTorch function that the exported
module itself calls, so that equal inputs give equal bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping, Sequence
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import NodeProto, TensorProto, helper, numpy_helper
from torch import Tensor

from hwflow.errors import UserError

Attributes = dict[str, Any]
Operator = Callable[[Attributes, Sequence[Tensor]], list[Tensor]]


def attributes(node: NodeProto) -> Attributes:
    values = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    return {k: v.decode() if isinstance(v, bytes) else v for k, v in values.items()}


def describe(node: NodeProto) -> str:
    """A node as messages name it."""
    return f"node {node.name or next(iter(node.output), '?')} ({node.op_type})"


def round_as(mode: str, x: Tensor) -> Tensor:
    """QONNX rounding modes that are exact on binary floats: ROUND is half to even."""
    match mode.upper():
        case "ROUND" | "HALF_EVEN":
            return torch.round(x)
        case "FLOOR":
            return torch.floor(x)
        case "CEIL":
            return torch.ceil(x)
        case "ROUND_TO_ZERO" | "DOWN":
            return torch.trunc(x)
    raise ValueError(f"rounding mode {mode} is not supported")


def whole_bits(bits: Tensor) -> int:
    """The bit width of a Quant node. Raises ValueError where it is no whole number from 1 to 32."""
    width = float(bits.item())
    if width != int(width) or not 1 <= width <= 32:
        raise ValueError(f"bit width {width:g} is no whole number from 1 to 32")
    return int(width)


def quant_range(bits: int, signed: bool, narrow: bool) -> tuple[int, int]:
    """Smallest and largest integer of a QONNX Quant node."""
    if signed:
        return -(1 << (bits - 1)) + int(narrow), (1 << (bits - 1)) - 1
    return 0, (1 << bits) - 1 - int(narrow)


def _quant(attrs: Attributes, x: Sequence[Tensor]) -> list[Tensor]:
    value, scale, zero, bits = x
    lo, hi = quant_range(whole_bits(bits), bool(attrs.get("signed", 1)), bool(attrs.get("narrow", 0)))
    integer = round_as(attrs.get("rounding_mode", "ROUND"), value / scale + zero)
    return [(integer.clamp(lo, hi) - zero) * scale]


def _bipolar(attrs: Attributes, x: Sequence[Tensor]) -> list[Tensor]:
    return [torch.where(x[0] >= 0, x[1], -x[1])]


def _per_side(pads: Sequence[int]) -> list[int]:
    """ONNX pads (begins, then ends) as torch's, which start with the last axis."""
    half = len(pads) // 2
    return [p for i in reversed(range(half)) for p in (pads[i], pads[i + half])]


def _conv(attrs: Attributes, x: Sequence[Tensor]) -> list[Tensor]:
    _no_auto_pad(attrs)
    value = F.pad(x[0], _per_side(attrs.get("pads", [0] * 4)))
    strides, dilations = attrs.get("strides", [1, 1]), attrs.get("dilations", [1, 1])
    return [F.conv2d(value, x[1], _optional(x, 2), strides, 0, dilations, int(attrs.get("group", 1)))]


def _no_auto_pad(attrs: Attributes) -> None:
    if attrs.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise ValueError(f"auto_pad {attrs['auto_pad']} is not supported; export explicit pads")


def _optional(x: Sequence[Tensor], index: int) -> Tensor | None:
    """An input that may be absent, at the end or as an empty name in between."""
    return x[index] if len(x) > index else None


def _max_pool(attrs: Attributes, x: Sequence[Tensor]) -> list[Tensor]:
    _no_auto_pad(attrs)
    if any(d != 1 for d in attrs.get("dilations", [1])):
        raise ValueError("a dilated pool is not supported")
    kernel, strides = attrs["kernel_shape"], attrs.get("strides", [1, 1])
    top, left, bottom, right = pool_pads(attrs, (int(x[0].shape[-2]), int(x[0].shape[-1])))
    lowest = float("-inf") if x[0].is_floating_point() else torch.iinfo(x[0].dtype).min
    return [F.max_pool2d(F.pad(x[0], [left, right, top, bottom], value=lowest), kernel, strides)]


def pool_pads(attrs: Attributes, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Top, left, bottom, right padding of a MaxPool node, with ceil_mode turned into padding at the ends."""
    kernel, strides = attrs["kernel_shape"], attrs.get("strides", [1, 1])
    top, left, bottom, right = attrs.get("pads", [0, 0, 0, 0])
    if attrs.get("ceil_mode", 0):
        bottom += _ceil_pad(size[0], top, bottom, kernel[0], strides[0])
        right += _ceil_pad(size[1], left, right, kernel[1], strides[1])
    return top, left, bottom, right


def _ceil_pad(size: int, begin: int, end: int, kernel: int, stride: int) -> int:
    """What rounding up adds at the end; no window may start in that padding, so torch drops one that would."""
    span = size + begin + end - kernel
    more = -span % stride
    return more if span + more < size + begin else 0


def _batch_norm(attrs: Attributes, x: Sequence[Tensor]) -> list[Tensor]:
    value, gamma, beta, mean, var = x
    return [F.batch_norm(value, mean, var, gamma, beta, training=False, eps=float(attrs.get("epsilon", 1e-5)))]


def _prelu(attrs: Attributes, x: Sequence[Tensor]) -> list[Tensor]:
    return [torch.where(x[0] >= 0, x[0], x[1] * x[0])]


def _pad(attrs: Attributes, x: Sequence[Tensor]) -> list[Tensor]:
    if attrs.get("mode", "constant") != "constant":
        raise ValueError(f"Pad mode {attrs['mode']} is not supported")
    if _optional(x, 3) is not None:
        raise ValueError("Pad with axes is not supported; give pads for every axis")
    fill = _optional(x, 2)
    value = float(fill.item()) if fill is not None and fill.numel() else 0.0
    return [F.pad(x[0], _per_side([int(p) for p in x[1]]), value=value)]


def _reduce(function: Callable[..., Tensor]) -> Operator:
    def run(attrs: Attributes, x: Sequence[Tensor]) -> list[Tensor]:
        axes = [int(a) for a in x[1]] if len(x) > 1 else list(attrs["axes"])
        return [function(x[0], dim=axes, keepdim=bool(attrs.get("keepdims", 1)))]

    return run


def _slice(attrs: Attributes, x: Sequence[Tensor]) -> list[Tensor]:
    value = x[0]
    starts, ends = x[1].tolist(), x[2].tolist()
    axes = x[3].tolist() if len(x) > 3 else list(range(len(starts)))
    steps = x[4].tolist() if len(x) > 4 else [1] * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        index = [slice(None)] * value.ndim
        index[axis] = slice(start, min(end, value.shape[axis]), step)
        value = value[tuple(index)]
    return [value]


def _split(attrs: Attributes, x: Sequence[Tensor]) -> list[Tensor]:
    axis = int(attrs.get("axis", 0))
    if len(x) > 1 or "split" in attrs:
        return list(torch.split(x[0], [int(s) for s in (x[1] if len(x) > 1 else attrs["split"])], dim=axis))
    return list(torch.tensor_split(x[0], int(attrs["outputs"]), dim=axis))


def _reshape(attrs: Attributes, x: Sequence[Tensor]) -> list[Tensor]:
    shape = [int(s) for s in x[1]]
    if shape[0] == 1:
        shape[0] = x[0].shape[0]  # graphs are exported for one frame; several go through at once
    return [x[0].reshape([x[0].shape[i] if s == 0 else s for i, s in enumerate(shape)])]


def _clip(attrs: Attributes, x: Sequence[Tensor]) -> list[Tensor]:
    least, most = attrs.get("min", _optional(x, 1)), attrs.get("max", _optional(x, 2))  # attributes up to opset 10
    return [x[0] if least is None and most is None else torch.clamp(x[0], least, most)]


def _depth_to_space(attrs: Attributes, x: Sequence[Tensor]) -> list[Tensor]:
    if attrs.get("mode", "DCR") != "CRD":
        raise ValueError("DepthToSpace of mode DCR is not supported; use CRD, as torch.nn.PixelShuffle does")
    return [F.pixel_shuffle(x[0], int(attrs["blocksize"]))]


def _flatten(attrs: Attributes, x: Sequence[Tensor]) -> list[Tensor]:
    return [torch.flatten(x[0], int(attrs.get("axis", 1)))]


def _gemm(attrs: Attributes, x: Sequence[Tensor]) -> list[Tensor]:
    a = x[0].T if attrs.get("transA", 0) else x[0]
    b = x[1].T if attrs.get("transB", 0) else x[1]
    product = a @ b * attrs.get("alpha", 1.0)
    bias = _optional(x, 2)
    return [product if bias is None else product + bias * attrs.get("beta", 1.0)]


def _threshold(attrs: Attributes, x: Sequence[Tensor]) -> list[Tensor]:
    value, thresholds = x
    steps = thresholds.T.reshape(thresholds.shape[1], 1, thresholds.shape[0], *[1] * (value.ndim - 2))
    count = torch.zeros_like(value)
    for step in steps.to(value.dtype):
        count += value >= step
    return [count * attrs.get("out_scale", 1.0) + attrs.get("out_bias", 0.0)]


def _transpose(attrs: Attributes, x: Sequence[Tensor]) -> list[Tensor]:
    return [x[0].permute(*attrs["perm"])]


def _squeeze(attrs: Attributes, x: Sequence[Tensor]) -> list[Tensor]:
    axes = [int(a) for a in x[1]] if len(x) > 1 else list(attrs["axes"])
    return [x[0].squeeze(tuple(axes))]


OPERATORS: dict[str, Operator] = {
    "Add": lambda a, x: [x[0] + x[1]],
    "AveragePool": lambda a, x: [F.avg_pool2d(x[0], a["kernel_shape"], a.get("strides", [1, 1]))],
    "BatchNormalization": _batch_norm,
    "BipolarQuant": _bipolar,
    "Cast": lambda a, x: [x[0]],
    "Clip": _clip,
    "Concat": lambda a, x: [torch.cat(list(x), dim=int(a["axis"]))],
    "Conv": _conv,
    "DepthToSpace": _depth_to_space,
    "Div": lambda a, x: [x[0] / x[1]],
    "Dropout": lambda a, x: [x[0]],  # in eval mode
    "Flatten": _flatten,
    "Gemm": _gemm,
    "GlobalAveragePool": lambda a, x: [x[0].mean(dim=(2, 3), keepdim=True)],
    "Identity": lambda a, x: [x[0]],
    "MatMul": lambda a, x: [x[0] @ x[1]],
    "MaxPool": _max_pool,
    "Mul": lambda a, x: [x[0] * x[1]],
    "MultiThreshold": _threshold,
    "Neg": lambda a, x: [-x[0]],
    "PRelu": _prelu,
    "Pad": _pad,
    "Pow": lambda a, x: [x[0] ** x[1]],
    "Quant": _quant,
    "ReduceMean": _reduce(torch.mean),
    "ReduceSum": _reduce(torch.sum),
    "Relu": lambda a, x: [torch.relu(x[0])],
    "Reshape": _reshape,
    "Sigmoid": lambda a, x: [torch.sigmoid(x[0])],
    "Slice": _slice,
    "Split": _split,
    "Sqrt": lambda a, x: [x[0].sqrt()],
    "Squeeze": _squeeze,
    "Sub": lambda a, x: [x[0] - x[1]],
    "Transpose": _transpose,
}


def initializers(model: onnx.ModelProto, dtype: torch.dtype) -> dict[str, Tensor]:
    """Constants of the graph (initializers and Constant nodes); floating ones in `dtype`.

    Raises UserError naming the constant that cannot be read.
    """
    tensors = {t.name: _tensor(t.name, t, dtype) for t in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.output:
            given = attributes(node)
            if len(given) != 1:
                raise UserError(f"{describe(node)} must have one value; simplify the graph or export it again")
            tensors[node.output[0]] = _tensor(node.output[0], next(iter(given.values())), dtype)
    return tensors


def _tensor(name: str, value: Any, dtype: torch.dtype) -> Tensor:
    """A TensorProto, number or list of numbers as a tensor."""
    try:
        array = numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value)
        tensor = torch.from_numpy(array.copy())
    except (TypeError, ValueError, AttributeError, OSError, onnx.checker.ValidationError) as error:
        raise UserError(f"constant {name} cannot be read ({_first_line(error)}); export the network again") from None
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def _first_line(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it lacks the attribute {error}"
    return (str(error).splitlines() or [type(error).__name__])[0]


def run_node(node: NodeProto, env: MutableMapping[str, Tensor]) -> None:
    """Add the node's outputs to `env`.

    Raises UserError for an operator or option that is not supported, or an input that no node before it makes.
    """
    if node.op_type == "Constant":
        return
    operator = OPERATORS.get(node.op_type)
    if operator is None:
        raise UserError(
            f"{describe(node)}: this operator is not supported; supported are {', '.join(sorted(OPERATORS))}"
        )
    missing = [name for name in node.input if name and name not in env]
    if missing:
        raise UserError(f"{describe(node)} reads {missing[0]}, which no node before it makes; export the network again")
    inputs: list[Any] = [env[name] if name else None for name in node.input]
    try:
        outputs = operator({**attributes(node), "outputs": len(node.output)}, inputs)
    except (ValueError, RuntimeError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError) as error:
        raise UserError(f"{describe(node)} cannot be evaluated: {_first_line(error)}") from error
    if len(outputs) < len(node.output):
        raise UserError(f"{describe(node)} has {len(node.output)} outputs; only {len(outputs)} of them are supported")
    env.update(zip(node.output, outputs, strict=False))


def run(
    nodes: Iterable[NodeProto],
    env: MutableMapping[str, Tensor],
) -> MutableMapping[str, Tensor]:
    """Run nodes, which stand in topological order, on `env`, and return it with every tensor added."""
    with torch.no_grad():
        for node in nodes:
            run_node(node, env)
    return env
