# SPDX-License-Identifier: Apache-2.0
"""What of a graph its outputs depend on."""

from __future__ import annotations

from onnx import GraphProto, NodeProto


def live_nodes(graph: GraphProto) -> list[NodeProto]:
    """The nodes that the graph's outputs depend on, in order."""
    wanted = {output.name for output in graph.output}
    live = []
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            live.append(node)
            wanted.update(name for name in node.input if name)
    return live[::-1]


def drop_unused(graph: GraphProto) -> None:
    """Remove nodes and initializers that no output depends on."""
    nodes = live_nodes(graph)
    used = {name for node in nodes for name in node.input}
    constants = [tensor for tensor in graph.initializer if tensor.name in used]
    known = {tensor.name for tensor in graph.initializer}
    # older exporters list constants as inputs too
    inputs = [value for value in graph.input if value.name not in known or value.name in used]
    for field, kept in ((graph.node, nodes), (graph.initializer, constants), (graph.input, inputs)):
        del field[:]
        field.extend(kept)
