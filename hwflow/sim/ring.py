# SPDX-License-Identifier: Apache-2.0
"""Who waits for whom in a design that has come to a standstill, from the handshakes in which its streams have stopped.

A node waits for the reader of an output that it offers in vain. One that offers nothing waits for the writers of the
inputs that have no beat for it. A deadlock is a ring of such nodes, and a FIFO in it that is full is too shallow.
"""

from __future__ import annotations

from collections.abc import Mapping

from qonnx.core.modelwrapper import ModelWrapper

from hwflow.compile.assemble import Edge, edges
from hwflow.compile.generate import signal
from hwflow.sim.engine import StreamResult


def waits(streams: list[Edge], states: Mapping[str, StreamResult]) -> dict[str, list[str]]:
    """For each node those that it waits for. `states` are called as the streams' wires (`signal`)."""
    blocked: dict[str, list[str]] = {}
    starved: dict[str, list[str]] = {}
    wanting: dict[str, list[str]] = {}
    for edge in streams:
        if edge.producer is None or edge.consumer is None:
            continue  # an end of the accelerator is no node, and no ring runs through it
        state = states[signal(edge.tensor)]
        if state.valid and not state.ready:
            blocked.setdefault(edge.producer, []).append(edge.consumer)
        if not state.valid:
            # A node that joins streams is ready for the one that it lacks and not for the one that is there.
            (wanting if state.ready else starved).setdefault(edge.consumer, []).append(edge.producer)
    nodes = {name for edge in streams for name in (edge.producer, edge.consumer) if name is not None}
    return {name: blocked.get(name) or wanting.get(name) or starved.get(name) or [] for name in sorted(nodes)}


def ring(design: ModelWrapper, states: Mapping[str, StreamResult]) -> tuple[str, ...]:
    """Nodes in a circle, each waiting for the one behind it and the last for the first; () where there is no circle."""
    return find_ring(waits(edges(design), states))


def find_ring(graph: Mapping[str, list[str]]) -> tuple[str, ...]:
    """The first circle of a directed graph in depth-first order; ()."""
    done: set[str] = set()
    for start in graph:
        path: dict[str, None] = {}
        stack = [(start, iter(graph[start]))] if start not in done else []
        path[start] = None
        while stack:
            node, following = stack[-1]
            further = next(following, None)
            if further is None:
                done.add(node)
                del path[node]
                stack.pop()
            elif further in path:
                names = list(path)
                return tuple(names[names.index(further) :])
            elif further not in done:
                path[further] = None
                stack.append((further, iter(graph.get(further, []))))
    return ()


def describe(design: ModelWrapper, states: Mapping[str, StreamResult], depths: Mapping[str, int]) -> str:
    """The ring in one line, with the FIFOs in it that are full, of `depths` beats by name; "" where there is none."""
    names = ring(design, states)
    if not names:
        return ""
    full = [n.name for n in design.graph.node if n.name in names and n.name in depths and _full(n.input[0], states)]
    circle = " -> ".join([*names, names[0]])
    shallow = ", ".join(
        f"{name} holds {depths[name]} beat{'s' if depths[name] > 1 else ''} and is full" for name in full
    )
    return f"each waits for the next: {circle}" + (f"; {shallow}: too shallow" if shallow else "")


def _full(tensor: str, states: Mapping[str, StreamResult]) -> bool:
    state = states[signal(tensor)]
    return state.valid and not state.ready
