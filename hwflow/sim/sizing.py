# SPDX-License-Identifier: Apache-2.0
"""FIFO depths from measured occupancy (rtl/ -> fifo.yaml and rtl/fifo_depths.sv).

Frames enter at the pace of the slowest node, spread evenly: a faster source would only fill the FIFOs before that
node. Each FIFO measures the most beats that it ever held, and gets that depth. Without a limit it also holds what comes in
bursts, and behind a sliding window the map's rows, which the window keeps in a memory of its own. So limits are tried
first: what must wait because of the windows (`hwflow.compile.lag`), twice that, and then as many of them as some runs show
to cost nothing. A limit stays if the FIFOs then measured, and a run at these depths with stalls on both sides, show that
no throughput is lost. Most designs need three runs; one with many limits that do cost needs thirty.

All runs share one compiled model, which has handshakes and no data: timing depends on neither pixels nor weights, so
that new weights find their depths in the cache.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np
import yaml
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from hwflow.compile import lag
from hwflow.compile.generate import LEAST_DEPTH, is_fifo
from hwflow.compile.lag import expected_depths
from hwflow.errors import BuildFailed
from hwflow.files import publish
from hwflow.hw.ops import StreamOp
from hwflow.sim import pace
from hwflow.sim.design import INPUT, OUTPUT, compile_design
from hwflow.sim.engine import RunResult, Simulation
from hwflow.sim.pace import bound_cycles, input_beats, output_beats, spare, steady
from hwflow.sim.ring import describe

FRAMES = 3  # one fills the pipeline, two are a steady distance apart; more where a small map's pipeline is deeper
MOST_CYCLES = 500_000  # for those more
MOST_TRIES = 24  # runs that look for limits that cost nothing
LOSS = Fraction(1, 100)  # throughput that counts as the same, or this many cycles a frame:
LOSS_CYCLES = 64


@dataclass(frozen=True)
class FifoSize:
    """One FIFO, in beats: the most it held within its limit, and the depth that it gets."""

    name: str
    bits: int
    high_water: int
    depth: int


@dataclass(frozen=True)
class Sizing:
    """fifo.yaml: all FIFOs, and the cycles a frame in the steady state.

    `elastic_cycles` are with FIFOs that never fill, `cycles` at the depths, with stalls of both ends.
    """

    elastic_cycles: int
    cycles: int
    fifos: tuple[FifoSize, ...]

    @property
    def bits(self) -> int:
        return sum(fifo.bits * fifo.depth for fifo in self.fifos)

    @property
    def high_water_bits(self) -> int:
        return sum(fifo.bits * fifo.high_water for fifo in self.fifos)

    @property
    def depths(self) -> dict[str, int]:
        return {fifo.name: fifo.depth for fifo in self.fifos}

    def to_yaml(self) -> str:
        named = {f.name: {key: value for key, value in asdict(f).items() if key != "name"} for f in self.fifos}
        return yaml.safe_dump(
            {"elastic_cycles": self.elastic_cycles, "cycles": self.cycles, "fifos": named}, sort_keys=False
        )

    @staticmethod
    def from_yaml(text: str) -> Sizing:
        raw = yaml.safe_load(text)
        return Sizing(
            raw["elastic_cycles"],
            raw["cycles"],
            tuple(FifoSize(name, v["bits"], v["high_water"], v["depth"]) for name, v in raw["fifos"].items()),
        )


def size_fifos(
    rtl: Path, design: ModelWrapper, work: Path, progress: Callable[[int, int], None] | None = None
) -> Sizing:
    """Simulate the timing of some frames within limits, read off the depths, and simulate again at these with stalls.

    Raises BuildFailed if the frames do not come through, or the depths cost throughput.
    """
    ops: list[StreamOp] = [getCustomOp(node) for node in design.graph.node]
    fifos = [op for op in ops if is_fifo(op)]
    library = compile_design(rtl, design, work, gauges=[op.onnx_node.name for op in fifos])
    program = hashlib.sha256(
        b"".join(Path(file).read_bytes() for file in (__file__, lag.__file__, pace.__file__))
    ).hexdigest()[:12]
    kept = work / f"{library.stem}-{program}.yaml"
    if not kept.exists():
        expected = expected_depths(ops, bound_cycles(design))
        sizing = _size(Simulation(library), design, fifos, expected, progress)
        publish(kept, lambda path: path.write_text(sizing.to_yaml()))
    return Sizing.from_yaml(kept.read_text())


def _size(
    simulation: Simulation,
    design: ModelWrapper,
    fifos: Sequence[StreamOp],
    expected: Mapping[str, int],
    progress: Callable[[int, int], None] | None,
) -> Sizing:
    runs = _Runs(simulation, design, progress)
    free = runs.paced({})
    if free.deadlock is None and runs.deepen(free):
        free = runs.paced({})
    if free.deadlock is not None:
        raise BuildFailed(f"FIFO sizing: {runs.stuck(free, {})}")
    elastic = runs.steady(free)
    marks = runs.marks(free)
    for limits in _attempts(runs, fifos, expected, marks, elastic):
        found, why = _tried(runs, runs.paced(limits) if limits else free, limits, elastic)
        if found is not None:
            break
    else:
        raise BuildFailed(f"FIFO sizing: {why}")
    sizes = []
    for op in fifos:
        name = op.onnx_node.name
        sizes.append(FifoSize(name, op.streams_in()[0].bits, found.marks[name], found.depths[name]))
    return Sizing(elastic, found.cycles, tuple(sizes))


def _attempts(
    runs: _Runs, fifos: Sequence[StreamOp], expected: Mapping[str, int], marks: Mapping[str, int], elastic: int
) -> Iterator[Mapping[str, int]]:
    """Limits for the FIFOs, ever fewer and higher."""
    yield expected
    yield {name: 2 * depth for name, depth in expected.items()}
    if limits := _harmless(runs, fifos, expected, marks, elastic):
        yield limits
    yield {}


def _harmless(
    runs: _Runs, fifos: Sequence[StreamOp], expected: Mapping[str, int], marks: Mapping[str, int], elastic: int
) -> dict[str, int]:
    """Those limits that together cost no throughput in a run with stalls, the other FIFOs at their `marks`.

    All together cost some, or nobody would ask. So halves are tried, and halves of those that do, the more bits they save
    the sooner, as far as `MOST_TRIES` runs reach.
    """
    saved = {op.onnx_node.name: op.streams_in()[0].bits for op in fifos}
    saved = {name: bits * (marks[name] - expected[name]) for name, bits in saved.items()}
    kept = {name: limit for name, limit in expected.items() if saved[name] <= 0}
    groups = _halves(sorted((name for name in saved if name not in kept), key=lambda name: -saved[name]))
    for _ in range(MOST_TRIES):
        if not groups:
            break
        group = groups.pop(max(range(len(groups)), key=lambda at: sum(saved[name] for name in groups[at])))
        limits = kept | {name: expected[name] for name in group}
        result = runs.stalled({name: max(LEAST_DEPTH, mark) for name, mark in marks.items()} | limits)
        if result.deadlock is None and runs.steady(result) <= allowed_cycles(elastic):
            kept = limits
        else:
            groups += _halves(group)
    return kept


def _halves(group: list[str]) -> list[list[str]]:
    """None of a single one."""
    return [group[: len(group) // 2], group[len(group) // 2 :]] if len(group) > 1 else []


@dataclass(frozen=True)
class _Found:
    """Marks of a run without stalls, depths made of them, and the cycles a frame at these with stalls."""

    marks: Mapping[str, int]
    depths: Mapping[str, int]
    cycles: int


def _tried(runs: _Runs, paced: RunResult, limits: Mapping[str, int], elastic: int) -> tuple[_Found | None, str]:
    """What a run within `limits` leads to; None, and why, where that costs throughput. Stalls alone may cost some cycles."""
    if paced.deadlock is not None:
        return None, runs.stuck(paced, limits)
    if (cycles := runs.steady(paced)) <= int(elastic * (1 + LOSS)):
        marks = runs.marks(paced)
        depths = {name: max(LEAST_DEPTH, mark) for name, mark in marks.items()}
        stalled = runs.stalled(depths)
        if stalled.deadlock is not None:
            return None, runs.stuck(stalled, depths)
        if (cycles := runs.steady(stalled)) <= allowed_cycles(elastic):
            return _Found(marks, depths, cycles), ""
    return None, f"{cycles} cycles a frame at the measured depths, {elastic} with FIFOs without a limit"


class _Runs:
    """Runs of the model without data: frames are so many beats."""

    def __init__(
        self, simulation: Simulation, design: ModelWrapper, progress: Callable[[int, int], None] | None
    ) -> None:
        self.simulation = simulation
        self.design = design
        self.progress = progress
        self.bound = bound_cycles(design)
        self.out_beats = output_beats(design)
        self.in_beats = input_beats(design)
        self.frames = FRAMES

    def deepen(self, result: RunResult) -> bool:
        """Take more frames from now on, where the first frame of `result` took several frames' time; whether it is so."""
        fill = ceil(Fraction(int(result.output_cycles[OUTPUT][self.out_beats - 1]), self.bound))
        before, self.frames = self.frames, max(FRAMES, min(fill + FRAMES - 1, MOST_CYCLES // self.bound))
        return self.frames > before

    def paced(self, limits: Mapping[str, int]) -> RunResult:
        """A source at the pace of the slowest node, FIFOs elastic but for `limits`."""
        return self._run(limits, pace={INPUT: Fraction(self.bound, self.in_beats)})

    def stalled(self, depths: Mapping[str, int]) -> RunResult:
        """A source and a sink that stall now and then, as far as they are faster than the design."""
        return self._run(
            depths, stall_in=spare(self.in_beats, self.bound), stall_out=spare(self.out_beats, self.bound), seed=1
        )

    def _run(self, limits: Mapping[str, int], **options: object) -> RunResult:
        bytes_a_beat = self.simulation.streams[INPUT].bytes
        return self.simulation.run(
            {INPUT: np.zeros((self.in_beats * self.frames, bytes_a_beat), np.uint8)},
            {OUTPUT: self.out_beats * self.frames},
            limits={f"u_{name}": beats for name, beats in limits.items()},
            watch=False,
            max_cycles=self.bound * (self.frames + 10) * 2 + 100_000,
            # Only the ends are watched: a deep pipeline is long silent.
            patience=4 * self.bound + 50_000,
            drain=0,
            progress=self.progress,
            **options,  # type: ignore[arg-type]
        )

    def steady(self, result: RunResult) -> int:
        """Cycles a frame of a run, as `steady`."""
        return steady(result.output_cycles[OUTPUT], self.out_beats)

    def stuck(self, result: RunResult, limits: Mapping[str, int]) -> str:
        """Why a run that ended as a deadlock did: the ring of blocked streams, where there is one."""
        assert result.deadlock is not None
        why = describe(self.design, result.streams, limits)
        return f"{result.deadlock.reason}; {why or result.deadlock}"

    def marks(self, result: RunResult) -> dict[str, int]:
        """High-water marks by the FIFOs' names."""
        return {gauge.removeprefix("u_"): beats for gauge, beats in result.high_water.items()}


def allowed_cycles(elastic: int) -> int:
    """Cycles a frame that count as the same throughput as `elastic`, that of FIFOs without a limit."""
    return max(int(elastic * (1 + LOSS)), elastic + LOSS_CYCLES)
