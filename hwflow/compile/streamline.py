# SPDX-License-Identifier: Apache-2.0
"""QONNX with float scales to a QONNX graph of integers (1-qonnx.onnx -> 2-streamlined.onnx).

Tensors keep their names. Every function between an integer tensor and the next quantiser is tabulated (tabulate.py)
and becomes MultiThreshold nodes; convolutions and matrix products get integer weights; the one scale that is left
stands on the last node. The facts about each integer tensor travel in the model's metadata (`integer_facts`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
import torch
from onnx import NodeProto, TensorProto, helper, numpy_helper
from qonnx.core.datatype import BaseDataType, DataType
from qonnx.core.modelwrapper import ModelWrapper

from hwflow.compile.integers import Integers, IntegerTensor, as_floats, narrowest_type, signed_type
from hwflow.compile.pixels import is_annotated
from hwflow.compile.tabulate import MOST_ENTRIES, Steps, direction, falling_channels, steps, table
from hwflow.errors import UserError
from hwflow.graph.execute import attributes, describe, initializers, pool_pads, quant_range, run, run_node
from hwflow.graph.live import live_nodes
from hwflow.powers import is_power_of_two

POINTWISE = {
    "Add", "BatchNormalization", "Clip", "Div", "Dropout", "Identity", "Mul", "Neg", "PRelu", "Relu", "Sigmoid", "Sub",
}  # fmt: skip
QUANTISERS = {"Quant", "BipolarQuant"}
FACTS_KEY = "hwflow.integers"
SCALE_KEY = "hwflow.input_scale"


@dataclass(frozen=True)
class _Lazy:
    """A real tensor that depends on one integer tensor only, through `nodes`."""

    source: str
    nodes: tuple[NodeProto, ...]


def streamline(model: onnx.ModelProto) -> ModelWrapper:
    """The integer form of a QONNX graph with one input and one output.

    Raises UserError naming the node where the graph breaks the integer contract or uses an unsupported operator.
    """
    return _Streamliner(model).result()


class _Streamliner:
    """One walk over the graph in topological order; holds what is known so far."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.graph = model.graph
        self.live = live_nodes(model.graph)
        self.constants = initializers(model, torch.float64)
        self.constant_scale: dict[str, tuple[float, BaseDataType]] = {}
        self.facts: dict[str, IntegerTensor] = {}
        self.lazy: dict[str, _Lazy] = {}
        self.alias: dict[str, str] = {}
        self.nodes: list[NodeProto] = []
        self.weights: dict[str, Integers] = {}
        self.indices: dict[str, Integers] = {}
        self.weight_types: dict[str, BaseDataType] = {}
        self.settled: set[str] = set()
        self.parts: dict[str, BaseDataType] = {}  # thresholds that only together make a tensor of the network
        self.consumers: dict[str, list[NodeProto]] = {}
        for node in self.live:
            for name in node.input:
                self.consumers.setdefault(name, []).append(node)
        dynamic = [i for i in self.graph.input if i.name not in self.constants]
        if len(dynamic) != 1 or len(self.graph.output) != 1:
            raise UserError(
                f"the graph has {len(dynamic)} inputs and {len(self.graph.output)} outputs; hwflow takes one of each"
            )
        self.input = dynamic[0].name
        dims = tuple(int(d.dim_value) for d in dynamic[0].type.tensor_type.shape.dim)
        if len(dims) != 4 or dims[0] not in (0, 1) or min(dims[1:]) < 1:
            known = " x ".join(str(d) if d > 0 else "?" for d in dims) or "not given"
            raise UserError(
                f"input {self.input}: its shape is {known}; export for one picture of fixed size, 1 x channels x height"
                " x width"
            )
        self.input_shape = (1, *dims[1:])
        self.input_scale: float | None = None
        self.whole_pixels = is_annotated(model, self.input)
        if self.whole_pixels:
            self._take_pixels(1.0)
        self.shapes = self._shapes()

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        env = dict(self.constants)
        env[self.input] = torch.zeros(self.input_shape, dtype=torch.float64)
        for node in self.live:
            repeated = [name for name in node.output if name in env and node.op_type != "Constant"]
            if repeated:
                raise UserError(f"{describe(node)} makes {repeated[0]}, which exists already; export the network again")
            run((node,), env)
            empty = [name for name in node.output if 0 in env[name].shape]
            if empty:
                raise UserError(f"{describe(node)}: its output {empty[0]} is empty; remove it")
        return {name: tuple(t.shape) for name, t in env.items()}

    # --- the walk ---------------------------------------------------------------------------------------------------
    def result(self) -> ModelWrapper:
        for node in self.live:
            if node.op_type == "Constant":
                continue
            dynamic = [n for n in node.input if n and n not in self.constants]
            if not dynamic:
                self._fold(node)
            elif node.op_type in QUANTISERS:
                self._quantise(node)
            elif node.op_type in POINTWISE:
                self._pointwise(node, dynamic)
            else:
                self._integer_node(node, dynamic)
        return self._model()

    def _fold(self, node: NodeProto) -> None:
        run_node(node, self.constants)
        out = node.output[0]
        if node.op_type == "Quant":
            scale = self._scale(node)
            bits = int(self.constants[node.input[3]].item())
            # matrix units take signed weights only, so unsigned ones get a bit more
            reach = quant_range(bits, bool(attributes(node).get("signed", 1)), False)
            self.constant_scale[out] = scale, signed_type(*reach)
        elif node.op_type == "BipolarQuant":
            self.constant_scale[out] = self._scale(node), DataType["BIPOLAR"]
        elif node.input[0] in self.constant_scale and node.op_type in ("Transpose", "Reshape", "Identity"):
            self.constant_scale[out] = self.constant_scale[node.input[0]]

    def _scale(self, node: NodeProto) -> float:
        """A quantiser's scale. Raises UserError where it breaks the integer contract."""
        for role, name in zip(("scale", "zero point", "bit width"), node.input[1:], strict=False):
            if name not in self.constants:
                raise UserError(f"{describe(node)}: its {role} {name} is computed in the graph; make it constant")
        scale = self.constants[node.input[1]]
        value = float(scale.reshape(-1)[0])
        if scale.numel() != 1 or not is_power_of_two(value):
            raise UserError(
                f"{describe(node)}: its scale is {'per channel' if scale.numel() != 1 else value}; the integer contract"
                " needs one power of two for the tensor (give the quantiser a constant or power-of-two scale)"
            )
        if node.op_type == "Quant" and float(self.constants[node.input[2]].abs().max()) != 0.0:
            raise UserError(f"{describe(node)}: its zero point is not 0; use a symmetric quantiser")
        return value

    def _pointwise(self, node: NodeProto, dynamic: Sequence[str]) -> None:
        out = node.output[0]
        if node.op_type == "Add" and len(dynamic) == 2 and all(d in self.facts for d in dynamic):
            self._add(node)
            return
        sources, nodes = set(), []
        for name in dynamic:
            if name in self.facts:
                sources.add(name)
            elif name in self.lazy:
                sources.add(self.lazy[name].source)
                nodes += [n for n in self.lazy[name].nodes if n not in nodes]
            else:
                raise UserError(f"{describe(node)}: its input {name} is not quantised; put a quantiser before it")
        for name in node.input:
            if name in self.constants and node.op_type != "BatchNormalization":
                self._check_per_channel(node, name, self.shapes[dynamic[0]])
        if len(sources) != 1:
            raise UserError(
                f"{describe(node)} joins two branches that are not integers of one scale; quantise both with the same"
                " quantiser first"
            )
        self.lazy[out] = _Lazy(sources.pop(), (*nodes, node))

    def _check_per_channel(self, node: NodeProto, name: str, shape: tuple[int, ...]) -> None:
        """Raises UserError where a constant is neither one value nor one a channel: no table can hold the function."""
        constant = tuple(self.constants[name].shape)
        aligned = (1,) * (len(shape) - len(constant)) + constant
        if len(aligned) != len(shape) or aligned[1] not in (1, shape[1]) or {aligned[0], *aligned[2:]} != {1}:
            raise UserError(
                f"{describe(node)}: its constant {name} has shape {constant}; only one value, or one a channel,"
                " is supported"
            )

    def _add(self, node: NodeProto) -> None:
        a, b = (self._fact(name, node) for name in node.input)
        if a.shape != b.shape:
            raise UserError(f"{describe(node)} adds maps of shape {a.shape} and {b.shape}; add equal shapes only")
        if a.scale != b.scale:
            raise UserError(
                f"{describe(node)} adds integers of scale {a.scale:g} and {b.scale:g}; the integer contract needs one"
                " quantiser for both"
            )
        lo, hi = a.lo + b.lo, a.hi + b.hi
        dtype = signed_type(int(lo.min()), int(hi.max()))
        self._emit(node, IntegerTensor(a.shape, a.scale, lo, hi, dtype))

    def _fact(self, name: str, node: NodeProto) -> IntegerTensor:
        """The integer tensor `name`, which `node` reads as such: its signs can no longer be flipped."""
        fact = self.facts.get(name)
        if fact is None:
            raise UserError(f"{describe(node)}: its input {name} is not an integer tensor; put a quantiser before it")
        if fact.sign is not None:
            raise UserError(
                f"{describe(node)} reads the accumulator {name}, some channels of which a falling activation negates;"
                " put a quantiser between them"
            )
        self.settled.add(name)
        return fact

    def _resolve(self, name: str) -> str:
        return self.alias.get(name, name)

    def _emit(
        self,
        node: NodeProto,
        fact: IntegerTensor,
        *,
        inputs: Sequence[str] | None = None,
        attrs: dict[str, Any] | None = None,
    ) -> None:
        names = [self._resolve(n) for n in (node.input if inputs is None else inputs)]
        values = attributes(node) if attrs is None else attrs
        self.nodes.append(helper.make_node(node.op_type, names, [node.output[0]], name=node.name, **values))
        self.facts[node.output[0]] = fact

    # --- integer operators ------------------------------------------------------------------------------------------
    def _integer_node(self, node: NodeProto, dynamic: Sequence[str]) -> None:
        match node.op_type:
            case "Conv":
                self._convolution(node)
            case "MatMul" | "Gemm":
                self._product(node)
            case "Pad":
                self._pad(node)
            case "MaxPool":
                self._max_pool(node)
            case "ReduceSum":
                self._reduce_sum(node)
            case "Concat":
                self._concat(node, dynamic)
            case "DepthToSpace":
                self._depth_to_space(node)
            case "Split" | "Slice":
                self._part(node)
            case "Reshape" | "Transpose" | "Flatten" | "Squeeze":
                self._reshape(node)
            case _:
                raise UserError(
                    f"{describe(node)}: no integer form of this operator is known; supported are Conv, MatMul, Gemm,"
                    " Pad, MaxPool, ReduceSum, Concat, DepthToSpace, Split, Slice, Reshape, Transpose, Flatten, Squeeze and,"
                    f" before a quantiser, {', '.join(sorted(POINTWISE))}"
                )

    def _weight(self, name: str, node: NodeProto) -> tuple[Integers, float, BaseDataType]:
        if name not in self.constant_scale:
            raise UserError(f"{describe(node)}: its weights {name} are not quantised; use a Brevitas quantised layer")
        scale, dtype = self.constant_scale[name]
        integers = self.constants[name].numpy() / scale
        if not np.isfinite(integers).all():
            raise UserError(f"{describe(node)}: its weights {name} hold NaN or infinity; train the network again")
        return np.rint(integers).astype(np.int64), scale, dtype

    def _accumulator(
        self, node: NodeProto, source: IntegerTensor, per_input: Integers, scale: float, shape: tuple[int, ...]
    ) -> IntegerTensor:
        """Range of sums of products; `per_input` (MH, C, taps) are the weights by output and input channel."""
        low, high = source.lo[None, :, None], source.hi[None, :, None]
        lo = np.minimum(per_input * low, per_input * high).sum(axis=(1, 2))
        hi = np.maximum(per_input * low, per_input * high).sum(axis=(1, 2))
        return IntegerTensor(shape, scale, lo, hi, signed_type(int(lo.min()), int(hi.max())))

    def _convolution(self, node: NodeProto) -> None:
        attrs = attributes(node)
        source = self._fact(node.input[0], node)
        if any(node.input[2:]):
            raise UserError(f"{describe(node)} has a bias; a BatchNorm follows it, so set bias=False")
        if attrs.get("group", 1) != 1 or list(attrs.get("dilations", [1, 1])) != [1, 1]:
            raise UserError(f"{describe(node)}: groups and dilation are not supported; only dense convolutions are")
        if len(set(attrs.get("strides", [1, 1]))) != 1:
            raise UserError(f"{describe(node)}: strides {attrs['strides']} differ; use one stride for both axes")
        weights, scale, dtype = self._weight(node.input[1], node)
        padded = any(attrs.get("pads", [0]))
        if padded and source.dtype == DataType["BIPOLAR"]:
            raise UserError(
                f"{describe(node)} pads a map of -1 and +1 with 0, a third value; pad with -1 before it"
                " (hwflow.nn.BinaryConv2d does)"
            )
        reach = source
        if padded:
            reach = replace(source, lo=np.minimum(source.lo, 0), hi=np.maximum(source.hi, 0))
        fact = self._accumulator(
            node,
            reach,
            weights.reshape(*weights.shape[:2], -1),
            source.scale * scale,
            self.shapes[node.output[0]],
        )
        name = f"{node.output[0]}.weight"
        self.weights[name], self.weight_types[name] = weights, dtype
        self._emit(node, fact, inputs=[node.input[0], name])

    def _product(self, node: NodeProto) -> None:
        attrs = attributes(node)
        source = self._fact(node.input[0], node)
        if len(source.shape) != 2:
            raise UserError(f"{describe(node)} multiplies a tensor of shape {source.shape}; flatten it first")
        if any(node.input[2:]):
            raise UserError(f"{describe(node)} has a bias; set bias=False")
        if attrs.get("alpha", 1.0) != 1.0 or attrs.get("transA", 0):
            raise UserError(f"{describe(node)}: alpha and transA are not supported; write it as a plain product")
        weights, scale, dtype = self._weight(node.input[1], node)
        if attrs.get("transB", 0):
            weights = weights.T
        fact = self._accumulator(node, source, weights.T[:, :, None], source.scale * scale, self.shapes[node.output[0]])
        name = f"{node.output[0]}.weight"
        self.weights[name], self.weight_types[name] = weights, dtype
        matmul = helper.make_node("MatMul", list(node.input[:2]), list(node.output), name=node.name)
        self._emit(matmul, fact, inputs=[node.input[0], name], attrs={})

    def _pad(self, node: NodeProto) -> None:
        source = self._fact(node.input[0], node)
        for name in node.input[1:]:
            if name and name not in self.constants:
                raise UserError(f"{describe(node)}: its input {name} is computed in the graph; make it constant")
        pads = self.constants[node.input[1]].numpy().astype(np.int64)
        if pads.shape != (8,) or pads[[0, 1, 4, 5]].any() or (pads < 0).any():
            raise UserError(f"{describe(node)} pads by {pads.tolist()}; only padding around the pixels is supported")
        real = float(self.constants[node.input[2]].item()) if len(node.input) > 2 and node.input[2] else 0.0
        value = real / source.scale
        if not value.is_integer():
            raise UserError(
                f"{describe(node)} pads with {real:g}, which is no multiple of the map's scale {source.scale:g}"
            )
        if source.dtype == DataType["BIPOLAR"] and abs(value) != 1:
            raise UserError(f"{describe(node)} pads a map of -1 and +1 with {value:g}, a third value; pad with -1")
        if not source.dtype.min() <= value <= source.dtype.max():
            raise UserError(
                f"{describe(node)} pads with {real:g}, which a map of {source.dtype.name} times {source.scale:g} cannot"
                " hold; pad with a value of the map's quantiser"
            )
        names = {"pads": f"{node.output[0]}.pads", "value": f"{node.output[0]}.value"}
        self.indices[names["pads"]] = pads
        self.weights[names["value"]] = np.asarray(int(value))
        fact = replace(
            source,
            shape=self.shapes[node.output[0]],
            lo=np.minimum(source.lo, int(value)),
            hi=np.maximum(source.hi, int(value)),
        )
        self._emit(node, fact, inputs=[node.input[0], names["pads"], names["value"]])

    def _max_pool(self, node: NodeProto) -> None:
        attrs = attributes(node)
        source = self._fact(node.input[0], node)
        if len(set(attrs.get("strides", [1, 1]))) != 1:
            raise UserError(f"{describe(node)}: strides {attrs['strides']} differ; use one stride for both axes")
        pads = pool_pads(attrs, (source.shape[2], source.shape[3]))
        clean = {"kernel_shape": attrs["kernel_shape"], "strides": attrs.get("strides", [1, 1]), "pads": list(pads)}
        self._emit(node, replace(source, shape=self.shapes[node.output[0]]), inputs=[node.input[0]], attrs=clean)

    def _reduce_sum(self, node: NodeProto) -> None:
        attrs = attributes(node)
        source = self._fact(node.input[0], node)
        axes = list(attrs["axes"]) if len(node.input) < 2 else self.constants[node.input[1]].tolist()
        if sorted(a % 4 for a in axes) != [2, 3] or len(source.shape) != 4:
            raise UserError(f"{describe(node)} sums over axes {axes}; only sums over all pixels (2, 3) are supported")
        pixels = source.shape[2] * source.shape[3]
        lo, hi = source.lo * pixels, source.hi * pixels
        dtype = narrowest_type(int(lo.min()), int(hi.max()))
        if source.dtype.signed():
            dtype = signed_type(int(lo.min()), int(hi.max()))
        name = f"{node.output[0]}.axes"
        self.indices[name] = np.asarray([2, 3])
        fact = IntegerTensor(self.shapes[node.output[0]], source.scale, lo, hi, dtype)
        self._emit(node, fact, inputs=[node.input[0], name], attrs={"keepdims": attrs.get("keepdims", 1)})

    def _concat(self, node: NodeProto, dynamic: Sequence[str]) -> None:
        parts = [self._fact(name, node) for name in node.input]
        if len({(p.scale, p.dtype.name) for p in parts}) != 1:
            raise UserError(
                f"{describe(node)} joins tensors of different quantisers; the integer contract needs one for all"
            )
        lo, hi = (np.concatenate([getattr(p, bound) for p in parts]) for bound in ("lo", "hi"))
        self._emit(node, replace(parts[0], shape=self.shapes[node.output[0]], lo=lo, hi=hi))

    def _depth_to_space(self, node: NodeProto) -> None:
        source = self._fact(node.input[0], node)
        attrs = attributes(node)
        pixels = int(attrs["blocksize"]) ** 2  # of one output channel, from as many channels in a row
        lo, hi = source.lo.reshape(-1, pixels).min(1), source.hi.reshape(-1, pixels).max(1)
        self._emit(node, replace(source, shape=self.shapes[node.output[0]], lo=lo, hi=hi), attrs=attrs)

    def _part(self, node: NodeProto) -> None:
        source = self._fact(node.input[0], node)
        index = torch.arange(source.channels).reshape(1, -1, *[1] * (len(source.shape) - 2)).expand(source.shape)
        for name in node.input[1:]:
            if name and name not in self.constants:
                raise UserError(f"{describe(node)}: its input {name} is computed in the graph; make it constant")
        env = {n: self.constants[n] for n in node.input[1:] if n} | {node.input[0]: index}
        run_node(node, env)
        names = [node.input[0]]
        for name in node.input[1:]:
            if name:
                self.indices[f"{node.output[0]}.{name}"] = self.constants[name].numpy().astype(np.int64)
            names.append(name and f"{node.output[0]}.{name}")
        for out in node.output:
            picked = env[out]
            if picked.shape[2:] != index.shape[2:]:
                raise UserError(f"{describe(node)} cuts across pixels; only splits of channels are supported")
            channels = picked.reshape(*picked.shape[:2], -1)[0, :, 0].numpy()
            self.facts[out] = replace(source, shape=self.shapes[out], lo=source.lo[channels], hi=source.hi[channels])
        self.nodes.append(
            helper.make_node(
                node.op_type, [self._resolve(n) for n in names], list(node.output), name=node.name, **attributes(node)
            )
        )

    def _reshape(self, node: NodeProto) -> None:
        source = self._fact(node.input[0], node)
        shape = self.shapes[node.output[0]]
        if len(shape) < 2 or shape[0] != 1:
            raise UserError(f"{describe(node)} makes {shape} of {source.shape}; the batch must stay the first axis")
        if node.op_type == "Transpose":
            self._emit(node, source.uniform(shape), inputs=[node.input[0]])
            return
        # a fixed batch of one would tie the golden model to single frames
        name = f"{node.output[0]}.shape"
        self.indices[name] = np.asarray([-1, *shape[1:]])
        reshape = helper.make_node("Reshape", [node.input[0], name], list(node.output), name=node.name)
        self._emit(reshape, source.uniform(shape), attrs={})

    # --- quantisers -------------------------------------------------------------------------------------------------
    def _quantise(self, node: NodeProto) -> None:
        out, name = node.output[0], node.input[0]
        scale = self._scale(node)
        if node.op_type == "BipolarQuant":
            dtype, lowest, levels, unit = DataType["BIPOLAR"], -1, 1, 2
        else:
            attrs = attributes(node)
            bits = int(self.constants[node.input[3]].item())
            lo, hi = quant_range(bits, bool(attrs.get("signed", 1)), bool(attrs.get("narrow", 0)))
            dtype = DataType[f"{'INT' if lo < 0 else 'UINT'}{bits}"]
            lowest, levels, unit = lo, hi - lo, 1
        if name == self.input and not self.whole_pixels:
            self._quantise_input(node, scale, dtype, lowest, lowest + levels)
            return
        if name in self.facts:
            lazy = _Lazy(name, ())
        elif name in self.lazy:
            lazy = self.lazy[name]
        else:
            raise UserError(f"{describe(node)}: its input {name} is not a function of one integer tensor")
        source = self.facts[lazy.source]
        if len(source.shape) not in (2, 4):
            raise UserError(
                f"{describe(node)} quantises a tensor of shape {source.shape}; only maps and vectors are supported"
            )

        def function(values: torch.Tensor) -> torch.Tensor:
            sign = source.sign
            if sign is not None:
                shape = (1, -1, 1, 1) if values.ndim == 4 else (1, -1)
                values = values * torch.from_numpy(sign).reshape(shape)
            env = {**self.constants, lazy.source: values}
            run((*lazy.nodes, node), env)
            integers = env[out] / scale
            if bool(env[name].isnan().any()):
                raise UserError(
                    f"{describe(node)}: what it quantises is not a number for some values of {lazy.source}; look"
                    " for NaN or a negative variance in the constants between them"
                )
            return integers if unit == 1 else (integers - 1) / 2

        lo, hi = int(source.lo.min()), int(source.hi.max())
        if (hi - lo + 1) * source.channels > MOST_ENTRIES:
            raise UserError(
                f"{describe(node)}: {lazy.source} takes integers from {lo} to {hi}, too many to tabulate; use fewer"
                " bits for its weights or activations"
            )
        tabulated = table(source, function)
        if source.sign is None and self._may_flip(lazy.source):
            sign = falling_channels(tabulated)
            if (sign < 0).any():
                source = self._flip(lazy.source, sign)
                tabulated = table(source, function)
        self.settled.add(lazy.source)
        bias = -1 if unit == 2 else lowest
        found = steps(tabulated, bias, levels)
        same = unit == 1 and scale == source.scale and dtype == source.dtype and source.sign is None
        if same and tabulated.is_identity:
            self.alias[out] = self._resolve(lazy.source)
            self.facts[out] = source
            return
        self._emit_steps(node, lazy.source, found, unit, dtype)
        reach = (found.bias, found.bias + levels) if unit == 1 else (-1, 1)
        channels = source.channels
        self.facts[out] = IntegerTensor(
            self.shapes[out], scale, np.full(channels, reach[0]), np.full(channels, reach[1]), dtype
        )

    def _quantise_input(self, node: NodeProto, scale: float, dtype: BaseDataType, lo: int, hi: int) -> None:
        if dtype != DataType["UINT8"] or (lo, hi) != (0, 255):
            raise UserError(
                f"{describe(node)}: the input is a picture of 8-bit pixels; quantise it to 8 bits, unsigned, not narrow"
            )
        if self.input_scale not in (None, scale):
            raise UserError(
                f"{describe(node)}: the input is quantised with scale {self.input_scale:g} elsewhere; use one quantiser"
            )
        self._take_pixels(scale)
        self.facts[node.output[0]] = self.facts[self.input]
        self.alias[node.output[0]] = self.input

    def _take_pixels(self, scale: float) -> None:
        """The input is integers from 0 to 255, times `scale`."""
        channels = self.input_shape[1]
        self.input_scale = scale
        self.facts[self.input] = IntegerTensor(
            self.input_shape, scale, np.full(channels, 0), np.full(channels, 255), DataType["UINT8"]
        )

    def _may_flip(self, name: str) -> bool:
        """Whether the rows of the convolution or product that made `name` may still be negated."""
        maker = next((n for n in self.nodes if name in n.output), None)
        if maker is None or maker.op_type not in ("Conv", "MatMul") or name in self.settled:
            return False
        for node in self.consumers.get(name, []):
            dynamic = [n for n in node.input if n and n not in self.constants]
            if node.op_type not in POINTWISE | QUANTISERS or (node.op_type == "Add" and len(dynamic) > 1):
                return False
        return all(o.name != name for o in self.graph.output)

    def _flip(self, name: str, sign: Integers) -> IntegerTensor:
        weight = f"{name}.weight"
        maker = next(n for n in self.nodes if name in n.output)
        axis_shape = (-1, 1, 1, 1) if maker.op_type == "Conv" else (1, -1)
        self.weights[weight] = self.weights[weight] * sign.reshape(axis_shape)
        if self.weight_types[weight] != DataType["BIPOLAR"]:
            lo, hi = int(self.weights[weight].min()), int(self.weights[weight].max())
            self.weight_types[weight] = signed_type(lo, hi)
        fact = self.facts[name]
        low = np.where(sign > 0, fact.lo, -fact.hi)
        high = np.where(sign > 0, fact.hi, -fact.lo)
        self.facts[name] = replace(fact, lo=low, hi=high, sign=sign, dtype=signed_type(int(low.min()), int(high.max())))
        return self.facts[name]

    def _emit_steps(self, node: NodeProto, source: str, found: Steps, unit: int, dtype: BaseDataType) -> None:
        out = node.output[0]
        common = {"domain": "qonnx.custom_op.general"}
        name = node.name or out
        if found.monotone:
            self.weights[f"{out}.thresholds"] = found.rise
            self.nodes.append(
                helper.make_node(
                    "MultiThreshold", [self._resolve(source), f"{out}.thresholds"], [out], name=name,
                    out_dtype=dtype.name, out_scale=float(unit), out_bias=float(found.bias), **common,
                )
            )  # fmt: skip
            return
        # a function that also falls, such as RSiLU: the rises less the falls
        for part, rows, bias in (("rise", found.rise, found.bias), ("fall", found.fall, 0)):
            self.weights[f"{out}.{part}s"] = rows
            part_type = narrowest_type(min(bias, 0), bias + unit * rows.shape[1])
            self.parts[f"{out}.{part}"] = part_type
            self.shapes[f"{out}.{part}"] = self.shapes[out]
            self.nodes.append(
                helper.make_node(
                    "MultiThreshold", [self._resolve(source), f"{out}.{part}s"], [f"{out}.{part}"],
                    name=f"{name}.{part}", out_dtype=part_type.name, out_scale=float(unit),
                    out_bias=float(bias), **common,
                )
            )  # fmt: skip
        self.nodes.append(helper.make_node("Sub", [f"{out}.rise", f"{out}.fall"], [out], name=name))

    # --- the end ----------------------------------------------------------------------------------------------------
    def _last(self) -> str:
        """The integer tensor at the end: the output, or what a function that leaves the order alone makes it of."""
        last: str = self.graph.output[0].name
        if last in self.facts:
            return last
        if last not in self.lazy:
            raise UserError(
                f"the output {last} is not an integer tensor with one scale; let the last layer be a quantised product"
            )
        lazy = self.lazy[last]
        source = self.facts[lazy.source]

        def function(values: torch.Tensor) -> torch.Tensor:
            return run(lazy.nodes, {**self.constants, lazy.source: values})[last]

        order = direction(source, function)
        if order < 0 and self._may_flip(lazy.source):
            self._flip(lazy.source, np.full(source.channels, -1))
        elif order <= 0:
            raise UserError(
                f"{describe(lazy.nodes[-1])}: from {lazy.source} to the output leads no function that rises everywhere and"
                " is one for all channels, so that the integers' order is not the output's; end with a product, one scale"
                " and one shift"
            )
        return lazy.source

    # --- the new model ----------------------------------------------------------------------------------------------
    def _model(self) -> ModelWrapper:
        last = self._last()
        fact = self.facts[last]
        twice = sorted((self.weights.keys() | self.indices.keys()) & self.facts.keys())
        if twice:
            raise UserError(f"tensor {twice[0]} has the name that a constant gets; rename it")
        result = f"{last}.scaled"
        self.nodes.append(helper.make_node("Mul", [self._resolve(last), "output_scale"], [result], name="output_scale"))
        tensors = [numpy_helper.from_array(as_floats(v), name) for name, v in self.weights.items()]
        tensors += [numpy_helper.from_array(v, name) for name, v in self.indices.items()]
        tensors.append(numpy_helper.from_array(np.asarray(fact.scale, np.float32), "output_scale"))
        graph = helper.make_graph(
            self.nodes,
            "streamlined",
            [helper.make_tensor_value_info(self.input, TensorProto.FLOAT, self.input_shape)],
            [helper.make_tensor_value_info(result, TensorProto.FLOAT, fact.shape)],
            tensors,
            value_info=[
                helper.make_tensor_value_info(name, TensorProto.FLOAT, f.shape)
                for name, f in self.facts.items()
                if self._resolve(name) == name and name != self.input
            ]
            + [helper.make_tensor_value_info(name, TensorProto.FLOAT, self.shapes[name]) for name in self.parts],
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("qonnx.custom_op.general", 1)],
            ir_version=8,
        )
        wrapped = ModelWrapper(model)
        for name, fact in self.facts.items():
            if self._resolve(name) == name:
                wrapped.set_tensor_datatype(name, fact.dtype)
        for name, dtype in (*self.weight_types.items(), *self.parts.items()):
            wrapped.set_tensor_datatype(name, dtype)
        wrapped.set_metadata_prop(FACTS_KEY, json.dumps(self._facts_json()))
        wrapped.set_metadata_prop(SCALE_KEY, repr(self.input_scale or 1.0))
        return wrapped

    def _facts_json(self) -> dict[str, Any]:
        return {
            name: {
                "scale": fact.scale,
                "lo": fact.lo.tolist(),
                "hi": fact.hi.tolist(),
                "sign": None if fact.sign is None else fact.sign.tolist(),
            }
            for name, fact in self.facts.items()
            if self._resolve(name) == name
        }


def integer_facts(model: ModelWrapper) -> dict[str, IntegerTensor]:
    """The facts that `streamline` left in the model, by tensor name.

    Raises UserError where the model has none.
    """
    text = model.get_metadata_prop(FACTS_KEY)
    if text is None:
        raise UserError("the graph is not the integer form of a network; streamline it first")
    raw = json.loads(text)
    return {
        name: IntegerTensor(
            tuple(model.get_tensor_shape(name)),
            entry["scale"],
            np.asarray(entry["lo"], np.int64),
            np.asarray(entry["hi"], np.int64),
            model.get_tensor_datatype(name),
            None if entry["sign"] is None else np.asarray(entry["sign"], np.int64),
        )
        for name, entry in raw.items()
    }
