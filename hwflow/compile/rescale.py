# SPDX-License-Identifier: Apache-2.0
"""Scales, biases and means out of the way of the integers (a QONNX graph as Brevitas exports it -> the contract).

A quantiser's scale that is no power of two, or one a channel of weights, moves behind the products, pools and
rearrangements that follow, where it is part of the function that gets tabulated. In real numbers nothing changes. In
float64 the products become exact, which they are not while 1/7 is a factor of each term; what is left of rounding is in
that function, the same for the reference and for the thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper, numpy_helper
from torch import Tensor

from hwflow.errors import UserError
from hwflow.graph.execute import attributes, describe, initializers, run_node
from hwflow.graph.live import drop_unused, live_nodes
from hwflow.graph.names import Names
from hwflow.graph.shapes import Shape, tensor_shapes
from hwflow.powers import is_power_of_two

MEANS = {"AveragePool", "GlobalAveragePool", "ReduceMean"}
PRODUCTS = {"Conv", "Gemm", "MatMul"}
QUANTISERS = {"BipolarQuant", "Quant"}
REARRANGING = {
    "DepthToSpace", "Dropout", "Flatten", "Identity", "MaxPool", "ReduceSum", "Reshape", "Slice", "Split", "Squeeze",
    "Transpose",
}  # fmt: skip
"""Operators through which one positive factor of the whole tensor passes."""


@dataclass(frozen=True)
class _Factor:
    """One number or one a channel; a mean's is the number of pixels, which divides: its inverse would be rounded."""

    value: Tensor
    divides: bool = False


Factors = tuple[_Factor, ...]


@dataclass(frozen=True)
class _Behind:
    """A tensor that is `integers` times each of `factors`."""

    integers: str
    factors: Factors

    @property
    def uniform(self) -> bool:
        return all(factor.value.numel() == 1 for factor in self.factors)

    def factor(self) -> Tensor:
        product = torch.ones(1, dtype=torch.float64)
        for factor in self.factors:
            product = product / factor.value if factor.divides else product * factor.value
        return product


def scales_behind_products(model: ModelProto) -> ModelProto:
    """The graph whose quantisers have powers of two for scales where they did not, products without a bias, and sums over
    all pixels instead of means.

    A tensor that changes keeps its name with `.integer` behind it, and has its old values under its old name where a
    node reads those. Quantisers with a zero point, or a scale that is none, stay for streamlining to refuse.
    Raises UserError naming a product whose weights have a scale for each input.
    """
    shapes = tensor_shapes(model)
    return model if shapes is None else _Rescaler(model, shapes).result()  # if None, streamlining says what is wrong


class _Rescaler:
    """One walk over the graph in topological order."""

    def __init__(self, model: ModelProto, shapes: dict[str, Shape]) -> None:
        self.model = ModelProto()
        self.model.CopyFrom(model)
        self.names = Names(self.model.graph)
        self.constants = initializers(model, torch.float64)
        self.shapes = shapes
        self.scales: dict[str, Tensor] = {}  # of quantised constants, one for each element
        self.quantiser: dict[str, NodeProto] = {}  # that made a constant
        self.behind: dict[str, _Behind] = {}
        self.real: set[str] = set()  # those of `behind` that have their old values too
        self.nodes: list[NodeProto] = []

    def result(self) -> ModelProto:
        graph = self.model.graph
        for node in live_nodes(graph):
            if node.op_type == "Constant":
                self.nodes.append(node)
            elif all(name in self.constants for name in node.input if name):
                self._constant(node)
            elif node.op_type in PRODUCTS:
                self._product(node)
            elif node.op_type in QUANTISERS:
                self._quantise(node)
            elif node.op_type in REARRANGING and self._passes(node):
                self._rearrange(node)
            elif node.op_type in MEANS and self._pixels(node):
                self._mean(node)
            elif node.op_type == "Pad":
                self._pad(node)
            elif node.op_type in ("Add", "Concat") and self._common(node) is not None:
                self._join(node)
            else:
                self._keep(node)
        for output in graph.output:
            self._real(output.name)
        del graph.node[:]
        graph.node.extend(self.nodes)
        drop_unused(graph)
        return self.model

    # --- tensors ----------------------------------------------------------------------------------------------------
    def _new_constant(self, name: str, values: Tensor) -> str:
        name = self.names.fresh(name)
        array: NDArray[np.float64] = values.detach().numpy()
        single = array.astype(np.float32)
        exact = bool((single == array).all())
        self.model.graph.initializer.append(numpy_helper.from_array(single if exact else array, name))
        return name

    def _real(self, name: str) -> str:
        """The tensor `name` with its old values: they are computed where they are not yet."""
        behind = self.behind.get(name)
        if behind is None or name in self.real:
            return name
        self.real.add(name)
        source = behind.integers
        for number, factor in enumerate(behind.factors):
            last = number == len(behind.factors) - 1
            out = name if last else self.names.fresh(f"{name}.scaled")
            constant = self._new_constant(f"{name}.scale", factor.value)
            op = "Div" if factor.divides else "Mul"
            self.nodes.append(helper.make_node(op, [source, constant], [out], name=out))
            source = out
        return name

    def _keep(self, node: NodeProto) -> None:
        for name in node.input:
            self._real(name)
        self.nodes.append(node)

    def _emit(self, node: NodeProto, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        copy = NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = list(inputs)
        copy.output[:] = list(outputs)
        self.nodes.append(copy)

    # --- constants and quantisers -----------------------------------------------------------------------------------
    def _constant(self, node: NodeProto) -> None:
        run_node(node, self.constants)
        self.nodes.append(node)
        out = node.output[0]
        if node.op_type in QUANTISERS:
            scale = self._scale(node)
            if scale is not None:
                self.scales[out] = scale.expand(self.constants[out].shape)
                self.quantiser[out] = node
        elif node.op_type in ("Identity", "Reshape", "Transpose") and node.input[0] in self.scales:
            env = {**self.constants, node.input[0]: self.scales[node.input[0]]}
            run_node(node, env)
            self.scales[out] = env[out]
            self.quantiser[out] = self.quantiser[node.input[0]]

    def _scale(self, node: NodeProto) -> Tensor | None:
        """A quantiser's constant scale; None where it has none that is positive, or a zero point."""
        if not all(name in self.constants for name in node.input[1:]):
            return None
        scale = self.constants[node.input[1]]
        zero = node.op_type == "Quant" and bool((self.constants[node.input[2]] != 0).any())
        return None if zero or not bool(((scale > 0) & scale.isfinite()).all()) else scale

    def _quantise(self, node: NodeProto) -> None:
        scale = self._scale(node)
        if scale is None or scale.numel() != 1 or is_power_of_two(float(scale)):
            self._keep(node)
            return
        out = node.output[0]
        source, integers = self._real(node.input[0]), self.names.fresh(f"{out}.integer")
        one = self._new_constant(f"{out}.one", torch.ones(()))
        if node.op_type == "Quant":
            in_steps = self.names.fresh(f"{out}.steps")
            self.nodes.append(helper.make_node("Div", [source, node.input[1]], [in_steps], name=in_steps))
            source = in_steps
        self._emit(node, [source, one, *node.input[2:]], [integers])
        self.behind[out] = _Behind(integers, (_Factor(scale.reshape(())),))

    # --- products ---------------------------------------------------------------------------------------------------
    def _product(self, node: NodeProto) -> None:
        name, weights = node.input[:2]
        given = attributes(node)
        scales = self.scales.get(weights)
        bias = node.input[2] if len(node.input) > 2 else ""
        plain = given.get("alpha", 1.0) == given.get("beta", 1.0) == 1.0
        behind = self.behind.get(name)
        if scales is None or not plain or (bias and bias not in self.constants) or (behind and not behind.uniform):
            self._keep(node)
            return
        is_simple = is_power_of_two(float(scales.reshape(-1)[0])) and bool((scales == scales.reshape(-1)[0]).all())
        if is_simple and behind is None and not bias:
            self._keep(node)
            return
        channel_axis = 0 if node.op_type == "Conv" or given.get("transB", 0) else 1
        factors = behind.factors if behind is not None else ()
        if not is_simple:
            factors += (_Factor(self._by_channel(node, scales, channel_axis)),)
            weights = self._whole_weights(node, weights, scales)
        out = node.output[0]
        integers = self.names.fresh(f"{out}.integer") if factors or bias else out
        self._emit(node, [behind.integers if behind is not None else name, weights], [integers])
        rank = 4 if node.op_type == "Conv" else 2
        shaped = tuple(replace(factor, value=_along_channels(factor.value, rank)) for factor in factors)
        if not bias:
            self.behind[out] = _Behind(integers, shaped)
            return
        source = integers
        if shaped:
            source = self.names.fresh(f"{out}.product")
            self.behind[source] = _Behind(integers, shaped)
            self._real(source)
        shift = self._new_constant(f"{out}.bias", _along_channels(self.constants[bias].reshape(-1), rank))
        self.nodes.append(helper.make_node("Add", [source, shift], [out], name=node.name or out))

    def _by_channel(self, node: NodeProto, scales: Tensor, axis: int) -> Tensor:
        """The weights' scales by output channel."""
        rows = scales.transpose(0, axis).flatten(1)
        if not bool((rows == rows[:, :1]).all()):
            raise UserError(
                f"{describe(node)}: its weights have a scale for each input; give them one, or one for each output"
            )
        found = rows[:, 0]
        return found[:1] if bool((found == found[0]).all()) else found

    def _whole_weights(self, node: NodeProto, weights: str, scales: Tensor) -> str:
        """Constant integer weights, with a quantiser of scale 1 that tells their type."""
        maker = self.quantiser[weights]
        integers = (self.constants[weights] / scales).round()
        out = node.output[0]
        constant = self._new_constant(f"{out}.weights", integers)
        one = self._new_constant(f"{out}.weights.one", torch.ones(()))
        quantised = self.names.fresh(f"{out}.weights.quant")
        self._emit(maker, [constant, one, *maker.input[2:]], [quantised])
        return quantised

    # --- what factors pass through ----------------------------------------------------------------------------------
    def _passes(self, node: NodeProto) -> bool:
        behind = self.behind.get(node.input[0])
        return behind is not None and behind.uniform

    def _rearrange(self, node: NodeProto) -> None:
        behind = self.behind[node.input[0]]
        outputs = [self.names.fresh(f"{name}.integer") for name in node.output]
        self._emit(node, [behind.integers, *node.input[1:]], outputs)
        for name, integers in zip(node.output, outputs, strict=True):
            self.behind[name] = _Behind(integers, behind.factors)

    def _pixels(self, node: NodeProto) -> int:
        """How many pixels a mean is over; 0 where it is over anything but all pixels of each channel."""
        shape, given = self.shapes.get(node.input[0], ()), attributes(node)
        behind = self.behind.get(node.input[0])
        if len(shape) != 4 or (behind is not None and not behind.uniform):
            return 0
        if node.op_type == "ReduceMean":
            axes = self.constants[node.input[1]].tolist() if len(node.input) > 1 else given.get("axes", [])
            whole = sorted(int(a) % 4 for a in axes) == [2, 3]
        else:
            whole = tuple(given.get("kernel_shape", shape[2:])) == shape[2:] and not any(given.get("pads", [0]))
        return shape[2] * shape[3] if whole else 0

    def _mean(self, node: NodeProto) -> None:
        out, source = node.output[0], node.input[0]
        behind = self.behind.get(source, _Behind(source, ()))
        integers = self.names.fresh(f"{out}.integer")
        axes = self.names.fresh(f"{out}.axes")
        self.model.graph.initializer.append(numpy_helper.from_array(np.asarray([2, 3]), axes))
        keep = attributes(node).get("keepdims", 1)
        self.nodes.append(
            helper.make_node("ReduceSum", [behind.integers, axes], [integers], name=node.name or out, keepdims=keep)
        )
        pixels = _Factor(torch.tensor(float(self._pixels(node)), dtype=torch.float64), divides=True)
        self.behind[out] = _Behind(integers, (*behind.factors, pixels))

    def _pad(self, node: NodeProto) -> None:
        behind = self.behind.get(node.input[0])
        value_name = node.input[2] if len(node.input) > 2 else ""
        value = self.constants.get(value_name, torch.zeros((), dtype=torch.float64)).reshape(())
        if behind is None or not behind.uniform or (value_name and value_name not in self.constants):
            self._keep(node)
            return
        whole = (value / behind.factor()).round().reshape(())
        if not bool((whole * behind.factor() == value).all()):
            self._keep(node)
            return
        out = node.output[0]
        integers = self.names.fresh(f"{out}.integer")
        fill = self._new_constant(f"{out}.value", whole)
        self._emit(node, [behind.integers, node.input[1], fill], [integers])
        self.behind[out] = _Behind(integers, behind.factors)

    def _common(self, node: NodeProto) -> Factors | None:
        """The factors that all inputs have alike."""
        parts = [self.behind.get(name) for name in node.input]
        known = [part for part in parts if part is not None and part.uniform]
        if len(known) != len(parts) or len({float(part.factor()) for part in known}) != 1:
            return None
        return known[0].factors

    def _join(self, node: NodeProto) -> None:
        factors = self._common(node)
        assert factors is not None
        out = node.output[0]
        integers = self.names.fresh(f"{out}.integer")
        self._emit(node, [self.behind[name].integers for name in node.input], [integers])
        self.behind[out] = _Behind(integers, factors)


def _along_channels(factor: Tensor, rank: int) -> Tensor:
    return factor.reshape(()) if factor.numel() == 1 else factor.reshape(1, -1, *[1] * (rank - 2))
