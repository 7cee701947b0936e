# SPDX-License-Identifier: Apache-2.0
"""The folded graph with everything that the stitched design needs: width converters and a FIFO on every edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import lcm

from onnx import NodeProto, TensorProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from hwflow.compile.fold import Folding, set_folding, windows
from hwflow.compile.map import INPUT_EDGE
from hwflow.compile.names import operator_name
from hwflow.errors import UserError
from hwflow.hw.ops import DOMAIN, StreamOp, StreamSpec


@dataclass(frozen=True)
class Edge:
    """A stream of the assembled design: `tensor` from `producer` (None: the accelerator's input) to `consumer`."""

    tensor: str
    spec: StreamSpec
    producer: str | None
    consumer: str | None


def assemble(dataflow: ModelWrapper, folding: Folding) -> ModelWrapper:
    """A new model with folding applied, WidthConverter nodes where neighbours differ and an ElasticFIFO on every edge.

    Tensors keep their names at their producers; `X.fifo` and `X.width` are the same tensor further on. Raises UserError
    where the folding names a node, an attribute or a value that is none, or a maximum's is not its window's.
    """
    # QONNX' default looks for constants without a shape, in seconds where there are thousands; the given wrapper's has.
    model = ModelWrapper(dataflow.model, make_deepcopy=True, fix_missing_initializer_valueinfo=False)
    nodes = list(model.graph.node)
    ops: dict[str, StreamOp] = {node.name: getCustomOp(node) for node in nodes}
    for name, values in folding.nodes.items():
        set_folding(ops, name, values, "folding")
    _check_maxima(ops)
    specs: dict[str, StreamSpec] = {}
    for node in nodes:
        specs.update(zip(node.output, ops[node.name].streams_out(), strict=True))
    source = model.graph.input[0].name
    result: list[NodeProto] = []
    added: dict[str, StreamSpec] = {}
    for node in nodes:
        wanted = ops[node.name].streams_in()
        for index, spec in enumerate(wanted):
            name = node.input[index]
            offered = specs.get(name, spec)
            node.input[index] = _edge(name, offered, spec, name if name != source else INPUT_EDGE, result, added)
        result.append(node)
    last = model.graph.output[0].name
    delivered = _edge(last, specs[last], specs[last], last, result, added)
    return _rebuilt(model, result, added, delivered)


def _check_maxima(ops: Mapping[str, StreamOp]) -> None:
    """Raises UserError where a maximum would read its window's values in another order than they come."""
    for window, reader in windows(ops.values()):
        simd = window.integer("SIMD")
        if window.integer("depthwise") and simd != reader.integer("PE"):
            raise UserError(
                f"node {reader.onnx_node.name}: PE={reader.integer('PE')} must equal SIMD={simd} of its window"
                f" {window.onnx_node.name}, whose order depends on it"
            )


def _edge(
    name: str,
    offered: StreamSpec,
    wanted: StreamSpec,
    label: str,
    result: list[NodeProto],
    added: dict[str, StreamSpec],
) -> str:
    """FIFO and width converters between a producer's stream and a consumer's; returns the tensor the consumer reads."""
    out = f"{name}.fifo"
    result.append(
        helper.make_node(
            "ElasticFIFO_rtl", [name], [out], name=operator_name(f"{label}.fifo"), domain=DOMAIN,
            backend="fpgadataflow", shape=list(offered.shape), parallel=offered.parallel,
            inputDataType=offered.dtype.name,
        )
    )  # fmt: skip
    added[out] = offered
    # a product may read a map as a vector
    offered = StreamSpec(wanted.shape, offered.parallel, offered.dtype)
    steps = [wanted.parallel]
    if offered.parallel == wanted.parallel:
        steps = []
    elif offered.parallel % wanted.parallel and wanted.parallel % offered.parallel:
        steps = [lcm(offered.parallel, wanted.parallel), wanted.parallel]
    width = offered.parallel
    for number, parallel in enumerate(steps):
        if offered.shape[-1] % parallel:
            raise UserError(
                f"{name}: {offered.parallel} elements a beat cannot become {wanted.parallel} with {offered.shape[-1]}"
                " channels; choose PE and SIMD one of which divides the other"
            )
        suffix = "width" if number == len(steps) - 1 else "gather"
        target = f"{name}.{suffix}"
        result.append(
            helper.make_node(
                "WidthConverter_rtl", [out], [target], name=operator_name(f"{label}.{suffix}"), domain=DOMAIN,
                backend="fpgadataflow", shape=list(offered.shape), inParallel=width, outParallel=parallel,
                inputDataType=offered.dtype.name,
            )
        )  # fmt: skip
        added[target] = StreamSpec(offered.shape, parallel, offered.dtype)
        out, width = target, parallel
    return out


def _rebuilt(model: ModelWrapper, nodes: list[NodeProto], added: Mapping[str, StreamSpec], output: str) -> ModelWrapper:
    graph = model.graph
    copies = []
    for node in nodes:
        copy = NodeProto()
        copy.CopyFrom(node)
        copies.append(copy)
    del graph.node[:]
    graph.node.extend(copies)
    info = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s.shape) for n, s in added.items() if n != output]
    old = graph.output[0]
    graph.value_info.append(old)
    graph.value_info.extend(info)
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, added[output].shape))
    result = ModelWrapper(model.model, fix_missing_initializer_valueinfo=False)
    for name, spec in added.items():
        result.set_tensor_datatype(name, spec.dtype)
    return result


def edges(model: ModelWrapper) -> list[Edge]:
    """Every stream of an assembled design, in topological order of the producers."""
    consumers: dict[str, str] = {}
    for node in model.graph.node:
        op = getCustomOp(node)
        for name in node.input[: len(op.streams_in())]:
            consumers[name] = node.name
    first = next(n for n in model.graph.node if model.graph.input[0].name in n.input)
    source = model.graph.input[0].name
    result = [Edge(source, getCustomOp(first).streams_in()[0], None, first.name)]
    for node in model.graph.node:
        for name, spec in zip(node.output, getCustomOp(node).streams_out(), strict=True):
            result.append(Edge(name, spec, node.name, consumers.get(name)))
    return result
