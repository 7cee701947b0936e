# SPDX-License-Identifier: Apache-2.0
"""The cheapest folding for a number of cycles a frame.

Nodes are folded one by one, and pair by pair along each stream, to what costs least together with their neighbours: a
node's own cost, width converters where it and a neighbour disagree, and the FIFO between them. That goes on until no
change of a node or a pair saves anything. LUTs count fully; block RAMs and DSP slices have a small price, which rises
until the device has enough of them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import lcm, prod

import numpy as np
from numpy.typing import NDArray
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from hwflow.compile.lag import Pauses, depth, waiting_shares
from hwflow.compile.options import Option, Values, allowed_by, fast_enough, options_of
from hwflow.costs.model import Cost, CostModel
from hwflow.costs.shapes import Shape
from hwflow.hw.ops import StreamOp
from hwflow.hw.ops.window import SlidingWindow_rtl

Floats = NDArray[np.float64]
Taker = tuple[int, int]  # elements a beat that a reader takes; its cycles a frame, behind a window
IMPOSSIBLE = 1e9
RISE = 1.5  # of a price, while a resource is short
MOST_RISES = 24
MARGIN = 0.03  # kept of the LUTs when the fastest folding that fits is looked for: predictions are no measurements


@dataclass(frozen=True)
class Limits:
    """What a design may take."""

    lut: float
    bram36: float
    dsp: int

    def fits(self, cost: Cost, margin: float = 0.0) -> bool:
        return cost.lut <= self.lut * (1 - margin) and cost.bram18 <= 2 * self.bram36 and cost.dsp <= self.dsp

    def binding(self, cost: Cost) -> str:
        """The resource of which the largest share is used."""
        shares: list[tuple[float, str]] = [
            (cost.lut / max(1.0, self.lut), "lut"),
            (cost.bram18 / 2 / max(0.5, self.bram36), "bram36"),
            (cost.dsp / max(1, self.dsp), "dsp"),
        ]
        return max(shares)[1]


@dataclass(frozen=True)
class Prices:
    """LUTs that a block RAM of 18 kbit and a DSP slice are worth."""

    bram18: float = 25.0
    dsp: float = 25.0

    def of(self, cost: Cost) -> float:
        return cost.lut + self.bram18 * cost.bram18 + self.dsp * cost.dsp


@dataclass(frozen=True)
class Solution:
    """A folding of all nodes. `bound` is the slowest node's cycles; more than `cycles` where none is fast enough."""

    cycles: int
    bound: int
    chosen: Mapping[str, Option]
    cost: Cost
    prices: Prices

    @property
    def reached(self) -> bool:
        return self.bound <= self.cycles


@dataclass(frozen=True)
class _Stream:
    """A stream between two nodes by their numbers; None for the accelerator's ends."""

    producer: int | None
    output: int
    consumer: int | None
    input: int
    bits: int  # an element
    elements: int  # a frame
    channels: int
    waiting: float  # share of a frame that waits in front of the consumer
    equal: bool  # the order of the elements depends on how many come in a beat
    pauses: Pauses | None  # of the window that it comes from

    def taker(self, option: Option) -> Taker:
        """The reader's end of the stream."""
        return option.ins[self.input], option.cycles if self.pauses else 0


class Problem:
    """A dataflow graph whose nodes' options are known. `pinned` holds wishes for nodes by name."""

    def __init__(self, model: ModelWrapper, costs: CostModel, pinned: Mapping[str, Values] | None = None) -> None:
        self._costs = costs
        self._ops: list[StreamOp] = [getCustomOp(node) for node in model.graph.node]
        self._names = [op.onnx_node.name for op in self._ops]
        wishes = pinned or {}
        known: dict[str, list[Option]] = {}
        self._options: list[list[Option]] = []
        for op in self._ops:
            key = _signature(op)
            if key not in known:
                known[key] = options_of(op, model, costs)
            self._options.append(known[key])
        self._allowed = [allowed_by(wishes.get(n, {}), o) for n, o in zip(self._names, self._options, strict=True)]
        self._streams = _streams(self._ops, model)
        self._around: list[list[int]] = [[] for _ in self._ops]
        for number, stream in enumerate(self._streams):
            for end in {stream.producer, stream.consumer} - {None}:
                self._around[end].append(number)  # type: ignore[index]
        self._between: dict[tuple[object, ...], Cost | None] = {}

    def bounds(self) -> list[int]:
        """All numbers of cycles a frame at which the slowest node can stand within the wishes, ascending."""
        least = self.least_cycles()
        return sorted({o.cycles for options in self._allowed for o in options if o.cycles >= least})

    def least_cycles(self) -> int:
        """Cycles a frame of the slowest node at the highest folding that the wishes allow."""
        return max(min(o.cycles for o in options) for options in self._allowed)

    def least_without_wishes(self) -> int:
        """Cycles a frame of the slowest node at its highest folding."""
        return max(min(o.cycles for o in options) for options in self._options)

    def slowest(self) -> str:
        """The node that `least_without_wishes` is of."""
        least = [min(option.cycles for option in options) for options in self._options]
        return str(self._names[least.index(max(least))])

    def solve(self, cycles: int, limits: Limits) -> Solution:
        """The cheapest folding for `cycles` a frame within the block RAMs and DSP slices of `limits`, where there is one."""
        prices, best = Prices(), None
        for _ in range(MOST_RISES):
            found = self._descend(cycles, prices)
            if found.cost.bram18 > 2 * limits.bram36:
                prices = replace(prices, bram18=prices.bram18 * RISE)
            elif found.cost.dsp > limits.dsp:
                prices = replace(prices, dsp=prices.dsp * RISE)
            else:
                return found
            best = found
        assert best is not None
        return best

    def fastest(self, limits: Limits) -> Solution | None:
        """The folding with the fewest cycles a frame of those that are predicted to fit with a margin; None: none does."""
        bounds = self.bounds()
        low, high, best = 0, len(bounds) - 1, None
        while low <= high:
            middle = (low + high) // 2
            found = self.solve(bounds[middle], limits)
            if limits.fits(found.cost, MARGIN):
                best, high = found, middle - 1
            else:
                low = middle + 1
        return best

    # ---- descent -------------------------------------------------------------------------------------------------------

    def _descend(self, cycles: int, prices: Prices) -> Solution:
        search = _Search(self, [self._fast(i, cycles) for i in range(len(self._ops))], prices, cycles)
        chosen = search.run()
        bound = max(option.cycles for option in chosen)
        total = functools.reduce(Cost.__add__, (option.cost for option in chosen), Cost())
        for stream in self._streams:
            # The pace is that of the slowest node then, for which FIFOs are sized.
            total = total + (self.between(stream, *_ends(stream, chosen), bound) or Cost())
        return Solution(cycles, bound, dict(zip(self._names, chosen, strict=True)), total, prices)

    def _fast(self, node: int, cycles: int) -> list[Option]:
        return fast_enough(self._allowed[node], cycles)

    def between(self, stream: _Stream, sent: int, taker: Taker, cycles: int) -> Cost | None:
        """FIFO and width converters of a stream with so many elements a beat at its ends; None: there are none."""
        taken, taking = taker
        beats = -(-stream.elements // sent)
        ready = stream.pauses.ready(sent, beats, cycles, taking) if stream.pauses else 0
        held = depth(stream.waiting, beats, cycles, ready)
        key = (stream.bits, stream.channels, stream.equal, sent, taken, held)
        if key not in self._between:
            self._between[key] = self._between_of(stream, sent, taken, held)
        return self._between[key]

    def _between_of(self, stream: _Stream, sent: int, taken: int, held: int) -> Cost | None:
        if stream.equal and sent != taken:
            return None
        fifo: dict[str, int | str] = {"WIDTH": sent * stream.bits, "DEPTH_BEATS": held, "STYLE": "auto"}
        cost = self._costs.cost(Shape.of("hwf_fifo", fifo))
        widths = [sent, taken]
        if sent % taken and taken % sent:
            widths = [sent, lcm(sent, taken), taken]
            if stream.channels % widths[1]:
                return None
        for before, after in pairwise(widths):
            if before != after:
                sizes = {"IN_WIDTH": before * stream.bits, "OUT_WIDTH": after * stream.bits}
                cost = cost + self._costs.cost(Shape.of("hwf_width", sizes))
        return cost

    @property
    def streams(self) -> Sequence[_Stream]:
        return self._streams

    @property
    def around(self) -> Sequence[Sequence[int]]:
        return self._around


class _Search:
    """One descent, at fixed prices."""

    def __init__(self, problem: Problem, options: list[list[Option]], prices: Prices, cycles: int) -> None:
        self._problem = problem
        self._cycles = cycles
        self._options = options
        self._prices = prices
        self._own = [np.array([prices.of(o.cost) for o in found]) for found in options]
        self._at = [int(own.argmin()) for own in self._own]
        self._cached: dict[tuple[object, ...], Floats] = {}

    def run(self) -> list[Option]:
        nodes = range(len(self._options))
        for _ in range(50):
            moved = any([self._best_node(node) for node in (*nodes, *reversed(nodes))])
            moved |= any([self._best_pair(stream) for stream in self._problem.streams])
            if not moved:
                break
        return [options[at] for options, at in zip(self._options, self._at, strict=True)]

    def _best_node(self, node: int) -> bool:
        costs = self._costs_of(node, None)
        best = int(costs.argmin())
        if costs[best] >= costs[self._at[node]] - 1e-6:
            return False
        self._at[node] = best
        return True

    def _best_pair(self, stream: _Stream) -> bool:
        if stream.producer is None or stream.consumer is None:
            return False
        first, second = stream.producer, stream.consumer
        if any(s is not stream and {s.producer, s.consumer} == {first, second} for s in self._near(first)):
            return False
        sent = [o.outs[stream.output] for o in self._options[first]]
        taken = [stream.taker(o) for o in self._options[second]]
        table = self._table(stream, tuple(sent), tuple(taken))
        costs = self._costs_of(first, stream)[:, None] + self._costs_of(second, stream)[None, :] + table
        best = np.unravel_index(int(costs.argmin()), costs.shape)
        if costs[best] >= costs[self._at[first], self._at[second]] - 1e-6:
            return False
        self._at[first], self._at[second] = int(best[0]), int(best[1])
        return True

    def _near(self, node: int) -> Iterable[_Stream]:
        return (self._problem.streams[number] for number in self._problem.around[node])

    def _costs_of(self, node: int, without: _Stream | None) -> Floats:
        """Of each option of a node, with the streams around it as its neighbours are now."""
        total = self._own[node].copy()
        for stream in self._near(node):
            if stream is not without:
                total += self._along(node, stream)
        return total

    def _along(self, node: int, stream: _Stream) -> Floats:
        """What the options of `node` make of one of its streams, the other end left as it is. The accelerator's ends take
        and send what the node does."""
        mine, other = self._options[node], stream.consumer if stream.producer == node else stream.producer
        theirs = None if other is None else self._options[other][self._at[other]]
        if stream.producer == node:
            sent = tuple(o.outs[stream.output] for o in mine)
            taken = tuple((one, 0) for one in sent) if theirs is None else (stream.taker(theirs),)
        else:
            taken = tuple(stream.taker(o) for o in mine)
            sent = tuple(one for one, _ in taken) if theirs is None else (theirs.outs[stream.output],)
        table = self._table(stream, sent, taken)
        return table.diagonal() if theirs is None else table.ravel()

    def _table(self, stream: _Stream, sent: tuple[int, ...], taken: tuple[Taker, ...]) -> Floats:
        """Priced cost of the stream by elements a beat sent (rows) and taken (columns)."""
        key = (stream.bits, stream.elements, stream.channels, stream.waiting, stream.equal, stream.pauses, sent, taken)
        found = self._cached.get(key)
        if found is None:
            found = np.array([[self._priced(stream, a, b) for b in taken] for a in sent], np.float64)
            self._cached[key] = found
        return found

    def _priced(self, stream: _Stream, sent: int, taker: Taker) -> float:
        cost = self._problem.between(stream, sent, taker, self._cycles)
        return IMPOSSIBLE if cost is None else self._prices.of(cost)


def _ends(stream: _Stream, chosen: Sequence[Option]) -> tuple[int, Taker]:
    sent = None if stream.producer is None else chosen[stream.producer].outs[stream.output]
    taker = None if stream.consumer is None else stream.taker(chosen[stream.consumer])
    if sent is None:
        assert taker is not None
        return taker[0], taker
    return sent, taker or (sent, 0)


def _signature(op: StreamOp) -> str:
    """Equal for nodes with the same options: all attributes, but not what folding sets. Constants only give widths, which
    attributes tell; where they do not, the first node of its kind stands for all."""
    folded = {*op.folding_choices(), *op.style_choices()}
    attributes = sorted((a.name, a.SerializeToString().hex()) for a in op.onnx_node.attribute if a.name not in folded)
    return repr((op.onnx_node.op_type, attributes))


def _streams(ops: Sequence[StreamOp], model: ModelWrapper) -> list[_Stream]:
    waiting = waiting_shares(ops)
    readers = {
        name: (number, index)
        for number, op in enumerate(ops)
        for index, name in enumerate(op.onnx_node.input[: len(op.streams_in())])
    }
    found = []
    made: set[str] = set()
    for number, op in enumerate(ops):
        for index, (name, spec) in enumerate(zip(op.onnx_node.output, op.streams_out(), strict=True)):
            made.add(name)
            consumer, place = readers.get(name, (None, 0))
            reader = None if consumer is None else ops[consumer]
            found.append(
                _Stream(
                    number, index, consumer, place, int(spec.dtype.bitwidth()), prod(spec.shape), spec.shape[-1],
                    0.0 if reader is None else waiting[reader.onnx_node.name, place],
                    isinstance(op, SlidingWindow_rtl) and bool(op.integer("depthwise")),
                    Pauses.of(op) if isinstance(op, SlidingWindow_rtl) else None,
                )
            )  # fmt: skip
    source = model.graph.input[0].name
    consumer, place = readers[source]
    spec = ops[consumer].streams_in()[place]
    bits = int(spec.dtype.bitwidth())
    found.append(_Stream(None, 0, consumer, place, bits, prod(spec.shape), spec.shape[-1], 0.0, False, None))
    return found
