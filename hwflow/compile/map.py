# SPDX-License-Identifier: Apache-2.0
"""Integer QONNX to dataflow operators, channels last (2-streamlined.onnx -> 3-dataflow.onnx).

Each node becomes an operator of `hwflow.hw.ops` with PE = SIMD = 1. Every tensor on a hardware edge either is a
tensor of the network (`origins` in the metadata tells which) or a mere rearrangement of one (window, fork).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper
from qonnx.core.datatype import BaseDataType, DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from hwflow.compile.integers import Integers, IntegerTensor, as_floats, narrowest_type, signed_type
from hwflow.compile.lines import fit
from hwflow.compile.names import distinct, operator_name
from hwflow.compile.streamline import SCALE_KEY, integer_facts
from hwflow.errors import UserError
from hwflow.graph.execute import attributes, describe
from hwflow.hw.ops import DOMAIN

ORIGINS_KEY = "hwflow.origins"
HEAD_KEY = "hwflow.head"
INPUT_EDGE = "input"  # the FIFO and the converter at the accelerator's input are called after it
EDGE_PARTS = ("fifo", "gather", "width")  # what stands on an edge and is called after its tensor
MOST_PARALLEL_STEPS = 15
WIDEST_TABLE = 12  # input bits


def to_dataflow(model: ModelWrapper, head: str = "top1") -> ModelWrapper:
    """Dataflow graph of a streamlined model; `head` is "top1" (label out) or "logits".

    Raises UserError naming the node that no operator covers.
    """
    return _Mapper(model, head).result()


@dataclass(frozen=True)
class _Window:
    """Padding that waits for the convolution behind it: top, left, bottom, right, and the integer around the map."""

    source: str
    pad: tuple[int, int, int, int]
    value: int


class _Mapper:
    def __init__(self, model: ModelWrapper, head: str) -> None:
        self.model = model
        self.head = head
        self.facts = integer_facts(model)
        self.nodes: list[NodeProto] = []
        self.tensors: dict[str, tuple[Integers, BaseDataType]] = {}
        self.origins: dict[str, str] = {}
        self.pads: dict[str, _Window] = {}
        self.flat: dict[str, str] = {}
        self.flattened: dict[str, tuple[int, ...]] = {}  # vectors that are maps of several pixels: their shape
        self.done: set[str] = set()
        self.consumers: dict[str, list[NodeProto]] = {}
        self.producer: dict[str, NodeProto] = {}
        for node in model.graph.node:
            for name in node.input:
                self.consumers.setdefault(name, []).append(node)
            for name in node.output:
                self.producer[name] = node

    # --- helpers ----------------------------------------------------------------------------------------------------
    def _constant(self, name: str) -> Integers:
        values: Integers = np.rint(self.model.get_initializer(name)).astype(np.int64)
        return values

    def _only_consumer(self, name: str) -> NodeProto | None:
        nodes = self.consumers.get(name, [])
        return nodes[0] if len(nodes) == 1 else None

    def _map_shape(self, name: str) -> tuple[int, ...]:
        """Channels-last shape of a network tensor, without the channels."""
        shape = self.facts[name].shape
        return (1, *shape[2:]) if len(shape) == 4 else (1,)

    def _add(
        self,
        op: str,
        name: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        constants: dict[str, tuple[Integers, BaseDataType]] | None = None,
        **attrs: Any,
    ) -> None:
        constants = constants or {}
        self.tensors.update(constants)
        self.nodes.append(
            helper.make_node(
                f"{op}_rtl", [*inputs, *constants], list(outputs), name=name, domain=DOMAIN, backend="fpgadataflow",
                **attrs,
            )
        )  # fmt: skip

    def _stream(self, name: str) -> str:
        """The stream that carries a tensor of the network: another one's, where it only reshapes that."""
        return self.flat.get(name, name)

    def _fresh(self, name: str) -> str:
        """A name for a stream that is no tensor of the network."""
        while name in self.facts:
            name += "_"
        return name

    def _not_bipolar(self, node: NodeProto, name: str) -> None:
        if self.facts[name].dtype == DataType["BIPOLAR"]:
            raise UserError(
                f"{describe(node)} reads the map {name} of -1 and +1, which only convolutions, products, pools and"
                " rearrangements take; quantise it to two bits or more"
            )

    def _origin(self, *names: str) -> None:
        for name in names:
            self.origins[name] = name

    # --- the walk ---------------------------------------------------------------------------------------------------
    def result(self) -> ModelWrapper:
        for node in self.model.graph.node:
            if node.output[0] in self.done:
                continue
            handler = {
                "Pad": self._pad, "Conv": self._convolution, "MatMul": self._product, "MultiThreshold": self._threshold,
                "Sub": self._table, "Add": self._sum, "MaxPool": self._max_pool, "ReduceSum": self._accumulate,
                "Concat": self._concat, "Split": self._split, "Slice": self._slice, "Flatten": self._flatten,
                "Reshape": self._flatten, "Squeeze": self._flatten, "Mul": self._output,
            }.get(node.op_type)  # fmt: skip
            if handler is None:
                raise UserError(f"{describe(node)}: no dataflow operator covers it")
            handler(node)
        self._fork()
        return self._model()

    def _pad(self, node: NodeProto) -> None:
        pads = self._constant(node.input[1]).tolist()
        value = int(self._constant(node.input[2]))
        for user in self.consumers.get(node.output[0], []):
            if user.op_type != "Conv":
                raise UserError(f"{describe(node)} pads for {describe(user)}; only convolutions take explicit padding")
        self.pads[node.output[0]] = _Window(self._stream(node.input[0]), (pads[2], pads[3], pads[6], pads[7]), value)

    def _convolution(self, node: NodeProto) -> None:
        attrs = attributes(node)
        source, pad, value = self._stream(node.input[0]), (0, 0, 0, 0), 0
        if source in self.pads:
            if any(attrs.get("pads", [0])):
                raise UserError(f"{describe(node)} pads {source}, which is padded already; pad once")
            window = self.pads[source]
            source, pad, value = window.source, window.pad, window.value
        elif any(attrs.get("pads", [0])):
            pad = tuple(attrs["pads"])
        source = self._weighed(node, source)
        dtype = self.facts[source].dtype
        weights = self._constant(node.input[1])
        outs, channels, kh, kw = weights.shape
        stride = attrs.get("strides", [1, 1])[0]
        out = node.output[0]
        # one window that is the whole map brings the pixels in the map's order
        whole = (kh, kw) == self.facts[source].shape[2:] and not any(pad)
        if not whole and ((kh, kw, stride) != (1, 1, 1) or any(pad)):
            windows = self._fresh(f"{out}.window")
            self._window(source, windows, (kh, kw), stride, pad, value, depthwise=0)
            source = windows
        matrix = weights.transpose(2, 3, 1, 0).reshape(kh * kw * channels, outs)
        self._mvau(node, source, matrix, dtype)

    def _weighed(self, node: NodeProto, source: str) -> str:
        """The stream that a product takes: with weights of several bits, -1 and +1 as integers."""
        weights = self.model.get_tensor_datatype(node.input[1])
        fact = self.facts[source]
        if fact.dtype != DataType["BIPOLAR"] or weights == DataType["BIPOLAR"]:
            return source
        out = self._fresh(f"{source}.signed")
        self._add(
            "SignsToIntegers", out, [source], [out],
            NumChannels=fact.channels, numInputVectors=list(self._map_shape(source)), inputDataType="BIPOLAR",
        )  # fmt: skip
        self.facts[out] = replace(fact, dtype=DataType["INT2"])
        self.origins[out] = source
        return out

    def _window(
        self,
        source: str,
        out: str,
        kernel: tuple[int, int],
        stride: int,
        pad: Sequence[int],
        value: int,
        depthwise: int,
    ) -> None:
        fact = self.facts[source]
        self._add(
            "SlidingWindow", out, [source], [out],
            IFMDim=list(fact.shape[2:]), IFMChannels=fact.channels, ConvKernelDim=list(kernel), Stride=stride,
            pad=list(pad), padValue=value, depthwise=depthwise, inputDataType=fact.dtype.name,
        )  # fmt: skip

    def _product(self, node: NodeProto) -> None:
        source = self._weighed(node, self._stream(node.input[0]))
        matrix = self._constant(node.input[1])
        shape = self.flattened.get(node.input[0])
        if shape is not None:
            # the stream brings the channels of a pixel together, the flattened vector the pixels of a channel
            matrix = matrix.reshape(*shape[1:], -1).transpose(1, 2, 0, 3).reshape(matrix.shape)
        self._mvau(node, source, matrix, self.facts[source].dtype)

    def _mvau(self, node: NodeProto, source: str, matrix: Integers, dtype: BaseDataType) -> None:
        out = node.output[0]
        fact = self.facts[out]
        weight_type = self.model.get_tensor_datatype(node.input[1])
        constants = {f"{out}.matrix": (matrix, weight_type)}
        common = {
            "MW": matrix.shape[0], "MH": matrix.shape[1], "numInputVectors": list(self._map_shape(out)),
            "inputDataType": dtype.name, "weightDataType": weight_type.name,
        }  # fmt: skip
        if weight_type != DataType["BIPOLAR"]:
            self._add("IntegerMVAU", out, [source], [out], constants, outputDataType=fact.dtype.name, **common)
            self._origin(out)
            return
        user = self._only_consumer(out)
        if user is not None and user.op_type == "MultiThreshold" and attributes(user)["out_dtype"] == "BIPOLAR":
            thresholds = self._constant(user.input[1])
            reach = signed_type(int(thresholds.min()), int(thresholds.max()))
            constants[f"{out}.thresholds"] = (thresholds, reach)
            self._add("BinaryMVAU", out, [source], [user.output[0]], constants, outputDataType="BIPOLAR", **common)
            self._origin(user.output[0])
            self.done.add(user.output[0])
            return
        self._add("BinaryMVAU", out, [source], [out], constants, outputDataType=fact.dtype.name, **common)
        self._origin(out)

    def _threshold(self, node: NodeProto) -> None:
        users = self.consumers.get(node.output[0], [])
        if users and all(u.op_type == "Sub" for u in users) and node.output[0].endswith((".rise", ".fall")):
            return  # the Sub node takes both parts as one table
        attrs = attributes(node)
        dtype = DataType[attrs["out_dtype"]]
        bias = 0 if dtype == DataType["BIPOLAR"] else int(attrs["out_bias"])
        source, out = self._stream(node.input[0]), node.output[0]
        self._not_bipolar(node, source)
        fact = self.facts[source]
        thresholds = self._constant(node.input[1])
        common: dict[str, Any] = {
            "NumChannels": fact.channels, "numInputVectors": list(self._map_shape(out)),
            "inputDataType": fact.dtype.name, "outputDataType": dtype.name,
        }  # fmt: skip
        steps = thresholds.shape[1]
        self._origin(out)
        # lines saturate where the type ends, so a narrow quantiser cannot have them
        whole = (bias, bias + steps) == (int(dtype.min()), int(dtype.max()))
        lines = None
        if steps > 1 and whole:
            lines = fit(thresholds, fact.lo, fact.hi, bias, int(fact.dtype.bitwidth()))
        constants = {}
        if lines is not None:
            rows = lines.rows()
            constants[f"{out}.lines"] = (rows, signed_type(int(rows.min()), int(rows.max())))
        if steps > MOST_PARALLEL_STEPS and int(fact.dtype.bitwidth()) <= WIDEST_TABLE:
            if lines is not None:
                self._add("PiecewiseAffine", out, [source], [out], constants, frac=lines.frac, **common)
                return
            tables = [_column(fact, thresholds, bias, c) for c in range(fact.channels)]
            self._add_table(out, source, tables, dtype, common)
            return
        if lines is not None:
            common |= {"lineFrac": lines.frac, "twoPieces": int(lines.two_pieces)}
        bits = int(narrowest_type(min(-1, int(thresholds.min())), int(thresholds.max())).bitwidth())
        constants = {f"{out}.steps": (thresholds, DataType[f"INT{max(2, bits)}"]), **constants}
        self._add(
            "ChannelThreshold", out, [source], [out], constants,
            numSteps=steps, bias=bias, thresholdBits=max(2, bits),
            impl="search" if steps > MOST_PARALLEL_STEPS else "compare", **common,
        )  # fmt: skip

    def _table(self, node: NodeProto) -> None:
        rise, fall = (self.producer[name] for name in node.input)
        source, out = self._stream(rise.input[0]), node.output[0]
        self._not_bipolar(node, source)
        fact = self.facts[source]
        if int(fact.dtype.bitwidth()) > WIDEST_TABLE:
            raise UserError(
                f"{describe(node)}: its function rises and falls over {fact.dtype.name}; tables reach"
                f" {WIDEST_TABLE} bits, so put a quantiser between the convolution and the activation"
            )
        bias, unit = (int(attributes(rise)[key]) for key in ("out_bias", "out_scale"))
        ups, downs = self._constant(rise.input[1]), self._constant(fall.input[1])
        tables = []
        for channel in range(fact.channels):
            first, up = _column(fact, ups, 0, channel)
            tables.append((first, bias + unit * (up - _column(fact, downs, 0, channel)[1])))
        dtype = self.facts[out].dtype
        common = {
            "NumChannels": fact.channels, "numInputVectors": list(self._map_shape(out)),
            "inputDataType": fact.dtype.name, "outputDataType": dtype.name,
        }  # fmt: skip
        self._origin(out)
        self._add_table(out, source, tables, dtype, common)

    def _add_table(
        self, out: str, source: str, tables: list[tuple[int, Integers]], dtype: BaseDataType, common: dict[str, Any]
    ) -> None:
        """Whole table by input code; codes that a channel cannot take hold its first output."""
        bits = int(self.facts[source].dtype.bitwidth())
        whole = np.zeros((len(tables), 1 << bits), np.int64)
        for channel, (first, row) in enumerate(tables):
            whole[channel] = row[0]
            whole[channel, (np.arange(row.size) + first) & ((1 << bits) - 1)] = row
        self._add("ChannelTable", out, [source], [out], {f"{out}.table": (whole, dtype)}, **common)

    def _sum(self, node: NodeProto) -> None:
        a, b = (self.facts[n] for n in node.input)
        out, dtype = node.output[0], self.facts[node.output[0]].dtype
        for name, fact in zip(node.input, (a, b), strict=True):
            if not fact.dtype.signed() or fact.dtype == DataType["BIPOLAR"]:
                raise UserError(
                    f"{describe(node)} adds {name} of type {fact.dtype.name}; use a signed quantiser before an add"
                )
        user = self._only_consumer(out)
        if user is not None and user.op_type == "MultiThreshold" and self._is_clip(user, self.facts[out]):
            out = user.output[0]
            dtype = DataType[attributes(user)["out_dtype"]]
            self.done.add(out)
        self._add(
            "AddStreams", out, [self._stream(n) for n in node.input], [out],
            NumChannels=a.channels, numInputVectors=list(self._map_shape(node.output[0])), inputDataType=a.dtype.name,
            inputDataType1=b.dtype.name, outputDataType=dtype.name,
        )  # fmt: skip
        self._origin(out)

    def _is_clip(self, node: NodeProto, source: IntegerTensor) -> bool:
        """Whether a MultiThreshold only saturates: the j-th threshold is its own output, where it is in range."""
        attrs = attributes(node)
        dtype = DataType[attrs["out_dtype"]]
        if dtype == DataType["BIPOLAR"] or not dtype.signed():
            return False
        thresholds = self._constant(node.input[1])
        ideal = np.arange(thresholds.shape[1]) + int(attrs["out_bias"]) + 1
        clipped = np.clip(ideal[None, :], source.lo[:, None], source.hi[:, None] + 1)
        return int(attrs["out_bias"]) == int(dtype.min()) and bool((thresholds == clipped).all())

    def _max_pool(self, node: NodeProto) -> None:
        attrs = attributes(node)
        fact = self.facts[node.input[0]]
        out = node.output[0]
        kernel = tuple(attrs["kernel_shape"])
        lowest = int(fact.dtype.min())
        windows = self._fresh(f"{out}.window")
        self._window(
            self._stream(node.input[0]),
            windows,
            (kernel[0], kernel[1]),
            attrs["strides"][0],
            attrs["pads"],
            lowest,
            depthwise=1,
        )
        self._add(
            "StreamingMax", out, [windows], [out],
            NumChannels=fact.channels, numInputVectors=list(self._map_shape(out)), window=kernel[0] * kernel[1],
            inputDataType=fact.dtype.name,
        )  # fmt: skip
        self._origin(out)

    def _accumulate(self, node: NodeProto) -> None:
        source, out = self._stream(node.input[0]), node.output[0]
        self._not_bipolar(node, source)
        self._add(
            "GlobalAccumulate", out, [source], [out],
            NumChannels=self.facts[source].channels, numInputVectors=list(self._map_shape(source)),
            inputDataType=self.facts[source].dtype.name, outputDataType=self.facts[out].dtype.name,
        )  # fmt: skip
        self._origin(out)

    def _concat(self, node: NodeProto) -> None:
        if len(node.input) != 2 or not self._along_channels(node):
            raise UserError(f"{describe(node)}: only concatenation of the channels of two maps is supported")
        a, b = (self.facts[n] for n in node.input)
        out, parts = node.output[0], [self._stream(n) for n in node.input]
        shuffled = self._shuffle_after(out) if a.channels == b.channels else None
        common = {"numInputVectors": list(self._map_shape(out)), "inputDataType": a.dtype.name}
        if shuffled is not None:
            self._add("InterleaveChannels", shuffled, parts, [shuffled], NumChannels=a.channels, **common)
            self._origin(shuffled)
            return
        self._add("ConcatChannels", out, parts, [out], NumChannels=a.channels + b.channels, C0=a.channels, **common)
        self._origin(out)

    def _shuffle_after(self, name: str) -> str | None:
        """Output of the channel shuffle of two groups that alone reads `name`, or None."""
        shape = self.facts[name].shape
        chain = []
        for op in ("Reshape", "Transpose", "Reshape"):
            user = self._only_consumer(name)
            if user is None or user.op_type != op:
                return None
            chain.append(user)
            name = user.output[0]
        first = tuple(int(v) for v in self._constant(chain[0].input[1]))
        perm = list(attributes(chain[1])["perm"])
        grouped = (2, shape[1] // 2, *shape[2:])
        if first[1:] != grouped or perm != [0, 2, 1, 3, 4] or self.facts[name].shape != shape:
            raise UserError(f"{describe(chain[0])}: only a channel shuffle of two groups is supported")
        self.done.update(n.output[0] for n in chain)
        return name

    def _along_channels(self, node: NodeProto) -> bool:
        return int(attributes(node).get("axis", 0)) % len(self.facts[node.input[0]].shape) == 1

    def _split(self, node: NodeProto) -> None:
        if len(node.output) != 2 or not self._along_channels(node):
            raise UserError(f"{describe(node)}: only a split of the channels in two is supported")
        self._split_channels(node.input[0], (node.output[0], node.output[1]))

    def _slice(self, node: NodeProto) -> None:
        """Two slices that cut the channels in two, as `x[:, :c]` and `x[:, c:]` export."""
        channels = self.facts[node.input[0]].channels
        pair = [n for n in self.consumers[node.input[0]] if n.op_type == "Slice"]
        ranges = {n.output[0]: self._slice_range(n, channels) for n in pair}
        parts = sorted(pair, key=lambda n: ranges[n.output[0]].start)
        first, last = (ranges[n.output[0]] for n in (parts[0], parts[-1]))
        if len(parts) != 2 or [*first, *last] != list(range(channels)):
            raise UserError(f"{describe(node)}: only two slices that cut the channels in two are supported")
        self._split_channels(node.input[0], (parts[0].output[0], parts[1].output[0]))
        self.done.update(n.output[0] for n in parts)

    def _slice_range(self, node: NodeProto, channels: int) -> range:
        """The channels that a Slice node takes; that it cuts no pixels is known."""
        given = [self._constant(name).tolist() if name else None for name in (*node.input[1:], "", "")]
        starts, ends = given[0] or [], given[1] or []
        axes, steps = given[2] or range(len(starts)), given[3] or [1] * len(starts)
        rank = len(self.facts[node.input[0]].shape)
        taken = range(channels)
        for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
            if axis % rank == 1:
                taken = taken[start:end:step]
        return taken

    def _split_channels(self, source: str, outputs: tuple[str, str]) -> None:
        fact = self.facts[source]
        self._add(
            "SplitChannels", f"{outputs[0]}.split", [self._stream(source)], outputs,
            NumChannels=fact.channels, C0=self.facts[outputs[0]].channels,
            numInputVectors=list(self._map_shape(source)), inputDataType=fact.dtype.name,
        )  # fmt: skip
        self._origin(*outputs)

    def _flatten(self, node: NodeProto) -> None:
        """A reshape of one pixel is none for the stream; nor is a map's to a vector for a product, which can take the
        map's order."""
        out, source = node.output[0], self.facts[node.input[0]].shape
        shape = self.facts[out].shape
        if prod(shape) != shape[1]:
            raise UserError(f"{describe(node)} reshapes {source} to {shape}; only reshapes to a vector are supported")
        if prod(source) != source[1] or node.input[0] in self.flattened:
            self.flattened[out] = self.flattened.get(node.input[0], source)
            for user in self.consumers.get(out, []):
                if user.op_type not in ("MatMul", "Reshape"):
                    raise UserError(
                        f"{describe(user)} reads {out}, a map of {source[2]} x {source[3]} pixels made a vector; only a"
                        " product can, so put what is element-wise before the reshape"
                    )
        self.flat[out] = self._stream(node.input[0])

    def _output(self, node: NodeProto) -> None:
        source = self._stream(node.input[0])
        self.output = source
        if self.head == "top1":
            fact = self.facts[node.input[0]]
            if len(fact.shape) != 2:
                raise UserError(f"the output {node.input[0]} is a map; a top-1 head needs logits (use head: logits)")
            self.output = self._fresh("label")
            label = narrowest_type(0, fact.channels - 1)
            self._add(
                "LabelSelect", self.output, [source], [self.output],
                NumChannels=fact.channels, numInputVectors=[1], inputDataType=fact.dtype.name,
                outputDataType=label.name,
            )  # fmt: skip

    # --- forks and the model ----------------------------------------------------------------------------------------
    def _fork(self) -> None:
        """One DuplicateStreams for every tensor that several nodes read."""
        readers: dict[str, list[tuple[int, int]]] = {}
        for position, node in enumerate(self.nodes):
            for index, name in enumerate(node.input):
                if name not in self.tensors:
                    readers.setdefault(name, []).append((position, index))
        forks: dict[str, NodeProto] = {}
        for name, places in readers.items():
            if len(places) < 2:
                continue
            fact = self.facts[name]
            copies = [self._fresh(f"{name}.copy{i}") for i in range(len(places))]
            for copy, (position, index) in zip(copies, places, strict=True):
                self.nodes[position].input[index] = copy
            forks[name] = helper.make_node(
                "DuplicateStreams_rtl", [name], copies, name=f"{name}.fork", domain=DOMAIN,
                backend="fpgadataflow", NumChannels=fact.channels, numInputVectors=list(self._map_shape(name)),
                inputDataType=fact.dtype.name, NumOutputStreams=len(copies),
            )  # fmt: skip
        ordered: list[NodeProto] = []
        source = self.model.graph.input[0].name
        if source in forks:
            ordered.append(forks[source])
        for node in self.nodes:
            ordered.append(node)
            ordered += [forks[name] for name in node.output if name in forks]
        self.nodes = ordered

    def _check_read(self, source: str) -> None:
        """Raises UserError for a stream without an end: it would stop the accelerator."""
        read = {name for node in self.nodes for name in node.input}
        for name in (source, *(name for node in self.nodes for name in node.output)):
            if name not in read and name != self.output:
                raise UserError(f"tensor {name} is used by no node; remove what makes it")
        if not self.nodes:
            raise UserError("the network has no layer to build")

    def _name(self, source: str) -> None:
        """Give streams and nodes names that stay different as identifiers."""

        def wires(stream: str) -> set[str]:
            return {stream} | {operator_name(n) for n in (stream, *(f"{stream}.{part}" for part in EDGE_PARTS))}

        streams = [name for node in self.nodes for name in node.output]
        taken = wires(source) | wires(INPUT_EDGE) | self.tensors.keys()
        names = {source: source, **dict(zip(streams, distinct(streams, wires, taken), strict=True))}
        on_edges = [operator_name(f"{n}.{part}") for n in (INPUT_EDGE, *names.values()) for part in EDGE_PARTS]
        modules = distinct([n.name for n in self.nodes], lambda name: {operator_name(name)}, on_edges)
        for node, module in zip(self.nodes, modules, strict=True):
            node.name = operator_name(module)
            node.input[:] = [names.get(name, name) for name in node.input]
            node.output[:] = [names[name] for name in node.output]
        self.origins = {names[hardware]: origin for hardware, origin in self.origins.items()}
        self.output = names[self.output]

    def _model(self) -> ModelWrapper:
        source = self.model.graph.input[0].name
        self._origin(source)
        self._check_read(source)
        self._name(source)
        ops = [getCustomOp(node) for node in self.nodes]
        read = {n: spec for op in ops for n, spec in zip(op.onnx_node.input, op.streams_in(), strict=False)}
        made = {n: spec for op in ops for n, spec in zip(op.onnx_node.output, op.streams_out(), strict=True)}
        shapes = read | made  # a product may read a map as a vector
        graph = helper.make_graph(
            self.nodes,
            "dataflow",
            [helper.make_tensor_value_info(source, TensorProto.FLOAT, shapes[source].shape)],
            [helper.make_tensor_value_info(self.output, TensorProto.FLOAT, shapes[self.output].shape)],
            [numpy_helper.from_array(as_floats(v), n) for n, (v, _) in self.tensors.items()],
            value_info=[
                helper.make_tensor_value_info(n, TensorProto.FLOAT, s.shape)
                for n, s in shapes.items()
                if n not in (source, self.output)
            ],
        )
        opsets = [helper.make_opsetid("", 13), helper.make_opsetid(DOMAIN, 1)]
        wrapped = ModelWrapper(helper.make_model(graph, opset_imports=opsets, ir_version=8))
        for name, spec in shapes.items():
            wrapped.set_tensor_datatype(name, spec.dtype)
        for name, (_, dtype) in self.tensors.items():
            wrapped.set_tensor_datatype(name, dtype)
        wrapped.set_metadata_prop(ORIGINS_KEY, json.dumps(self.origins))
        wrapped.set_metadata_prop(SCALE_KEY, self.model.get_metadata_prop(SCALE_KEY))
        wrapped.set_metadata_prop(HEAD_KEY, self.head)
        return wrapped


def _column(fact: IntegerTensor, thresholds: Integers, bias: int, channel: int) -> tuple[int, Integers]:
    """First input and outputs of one channel over the values it can take."""
    lo, hi = int(fact.lo[channel]), int(fact.hi[channel])
    return lo, bias + np.searchsorted(thresholds[channel], np.arange(lo, hi + 1), side="right")
