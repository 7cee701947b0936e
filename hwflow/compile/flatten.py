# SPDX-License-Identifier: Apache-2.0
"""Flattening moved behind what acts on each element alone.

A stream of pixels is a vector already, so a matrix product can read a map's stream where only a reshape stands between.
A network that flattens its picture first, as those for MNIST do, scales and quantises the vector; here it does so to the
map. Each element meets the same numbers in the same order, so that the values are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from onnx import ModelProto, NodeProto

from hwflow.graph.live import drop_unused
from hwflow.graph.names import Names
from hwflow.graph.shapes import Shape, tensor_shapes

RESHAPES = {"Flatten", "Reshape"}
ELEMENTWISE = {
    "Add", "BipolarQuant", "Clip", "Div", "Dropout", "Identity", "Mul", "Neg", "Quant", "Relu", "Sigmoid", "Sub",
}  # fmt: skip


def flatten_late(model: ModelProto) -> ModelProto:
    """The graph with each reshape of a map to a vector behind the element-wise nodes that alone read it, one by one.

    Tensors keep their names, but for those that are maps now: they are called `NAME.map`. A node with a constant for
    each element of the vector stays where it is.
    """
    shapes = tensor_shapes(model)
    if shapes is None:
        return model  # streamlining says what is wrong
    result = ModelProto()
    result.CopyFrom(model)
    nodes, names = list(result.graph.node), Names(result.graph)
    outputs = {value.name for value in result.graph.output}
    dynamic = {value.name for value in result.graph.input} - {t.name for t in result.graph.initializer}
    for node in nodes:
        if dynamic.intersection(node.input):
            dynamic.update(node.output)
    while (places := _next_swap(nodes, outputs, dynamic, shapes)) is not None:
        dynamic.add(_swap(nodes, *places, shapes, names))
    del result.graph.node[:]
    result.graph.node.extend(nodes)
    drop_unused(result.graph)
    return result


def _flattens(node: NodeProto, shapes: dict[str, Shape]) -> bool:
    if node.op_type not in RESHAPES or node.output[0] not in shapes:
        return False
    source, vector = shapes[node.input[0]], shapes[node.output[0]]
    return len(source) == 4 and prod(source[2:]) > 1 and vector == (source[0], prod(source[1:]))


def _next_swap(
    nodes: Sequence[NodeProto], outputs: set[str], dynamic: set[str], shapes: dict[str, Shape]
) -> tuple[int, int] | None:
    """Places of a reshape and of the element-wise node that alone reads it."""
    for at, node in enumerate(nodes):
        if _flattens(node, shapes) and node.output[0] not in outputs:
            readers = [place for place, other in enumerate(nodes) if node.output[0] in other.input]
            if len(readers) == 1 and _is_elementwise(nodes[readers[0]], node.output[0], dynamic, shapes):
                return at, readers[0]
    return None


def _is_elementwise(node: NodeProto, vector: str, dynamic: set[str], shapes: dict[str, Shape]) -> bool:
    others = [name for name in node.input if name and name != vector]
    return node.op_type in ELEMENTWISE and all(n not in dynamic and prod(shapes[n]) == 1 for n in others)


def _swap(nodes: list[NodeProto], at: int, reader_at: int, shapes: dict[str, Shape], names: Names) -> str:
    """Put the element-wise node at `reader_at` before the reshape at `at`; the new tensor between them."""
    source, vector, out = nodes[at].input[0], nodes[at].output[0], nodes[reader_at].output[0]
    on_map = names.fresh(f"{out}.map")
    shapes[on_map] = shapes[source]
    reader, reshape = NodeProto(), NodeProto()
    reader.CopyFrom(nodes[reader_at])
    reshape.CopyFrom(nodes[at])
    reader.input[:] = [source if name == vector else name for name in reader.input]
    reader.output[:] = [on_map]
    reshape.input[0], reshape.output[0] = on_map, out
    nodes[reader_at : reader_at + 1] = [reader, reshape]
    del nodes[at]
    return on_map
