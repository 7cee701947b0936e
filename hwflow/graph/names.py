# SPDX-License-Identifier: Apache-2.0
"""New tensors for a graph, under names that it does not have."""

from __future__ import annotations

from onnx import GraphProto


class Names:
    """The names of a graph's tensors, and those given since."""

    def __init__(self, graph: GraphProto) -> None:
        self._taken = {name for node in graph.node for name in (*node.input, *node.output)}
        self._taken |= {value.name for value in (*graph.input, *graph.output, *graph.initializer)}

    def fresh(self, wish: str) -> str:
        """`wish`, with underscores behind it where the graph has such a tensor."""
        while wish in self._taken:
            wish += "_"
        self._taken.add(wish)
        return wish
