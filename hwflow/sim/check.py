# SPDX-License-Identifier: Apache-2.0
"""The stitched design against the network: every beat of every stream, in runs with and without stalls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from qonnx.core.modelwrapper import ModelWrapper

from hwflow.compile.generate import read_depths, signal
from hwflow.compile.integers import Integers
from hwflow.errors import BuildFailed
from hwflow.sim import vcd
from hwflow.sim.design import INPUT, OUTPUT, compile_design
from hwflow.sim.engine import Bytes, Mismatch, RunResult, Simulation
from hwflow.sim.expected import Expected, expected_streams, from_bytes
from hwflow.sim.pace import bound_cycles, input_bytes, output_beats, steady
from hwflow.sim.ring import describe

TRACE_BEFORE, TRACE_AFTER = 200, 50
SHOWN = 20


@dataclass(frozen=True)
class RunPlan:
    """One simulation: probabilities that the source offers nothing, that the sink takes nothing, in a cycle."""

    name: str
    stall_in: float
    stall_out: float
    seed: int


@dataclass(frozen=True)
class Run:
    """A finished run: `cycles` from reset to the last beat, `mismatches` in beats."""

    name: str
    frames: int
    stall_in: float
    stall_out: float
    seed: int
    cycles: int
    mismatches: int


@dataclass(frozen=True)
class Difference:
    """One element that is not what PyTorch gives. `position` is row and column, or () without a map."""

    run: str
    stream: str
    node: str
    op: str
    frame: int
    position: tuple[int, ...]
    element: int
    expected: int
    got: int
    cycle: int

    def __str__(self) -> str:
        pixel = f", pixel {self.position}" if self.position else ""
        return (
            f"layer {self.node} ({self.op}), stream {self.stream}: frame {self.frame}{pixel}, channel {self.element}:"
            f" expected {self.expected}, got {self.got} (run {self.run}, cycle {self.cycle})"
        )


@dataclass(frozen=True)
class StreamCheck:
    """One stream: integers compared over all runs, beats that differed."""

    stream: str
    node: str
    origin: str
    values: int
    mismatches: int


@dataclass(frozen=True)
class Verdict:
    """verify.json: what was compared and what was measured."""

    frames: int
    tensors: int
    values: int
    mismatches: int
    labels_equal: bool
    cycles_per_frame: int
    bound_cycles: int
    latency_cycles: int
    runs: tuple[Run, ...]
    streams: tuple[StreamCheck, ...]
    differences: tuple[Difference, ...]
    problems: tuple[str, ...]
    trace: str | None

    @property
    def exact(self) -> bool:
        return self.mismatches == 0 and not self.problems

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> Verdict:
        values = dict(raw)
        values["runs"] = tuple(Run(**r) for r in raw["runs"])
        values["streams"] = tuple(StreamCheck(**s) for s in raw["streams"])
        values["differences"] = tuple(Difference(**{**d, "position": tuple(d["position"])}) for d in raw["differences"])
        values["problems"] = tuple(raw["problems"])
        return Verdict(**values)


def plans(bound: int, in_beats: int, out_beats: int) -> tuple[RunPlan, ...]:
    """A free run, one with a ragged source, one where the sink is slower than the accelerator.

    Stalls are scaled to the design: a source that sends a pixel every 30 cycles on average does nothing to a design
    that takes one every 100.
    """
    source = 1.0 - min(1.0, in_beats / bound)
    sink = 1.0 - min(1.0, out_beats / (1.3 * bound))
    return (
        RunPlan("free", 0.0, 0.0, 0),
        RunPlan("ragged source", round(max(0.3, source), 6), 0.5, 1),
        RunPlan("slow sink", 0.3, round(max(0.3, sink), 6), 2),
    )


def check(
    rtl: Path,
    design: ModelWrapper,
    frames: Integers,
    tensors: Mapping[str, Integers],
    work: Path,
    trace_file: Path,
    progress: Callable[[int, int], None] | None = None,
) -> Verdict:
    """Simulate `frames` (N, C, H, W) and compare every stream with `tensors` of the network, without tolerance.

    A difference is reported, not raised; its surroundings are written to `trace_file`. Raises BuildFailed where
    the design does not compile or stops itself.
    """
    streams = expected_streams(design, tensors)
    ops = {node.name: str(node.op_type).removesuffix("_rtl") for node in design.graph.node}
    expect = {signal(stream.edge.tensor): stream.bytes() for stream in streams}
    expect[OUTPUT] = expect[signal(design.graph.output[0].name)]
    data = input_bytes(design, frames)
    bound = bound_cycles(design)
    out_beats = output_beats(design)
    simulation = Simulation(compile_design(rtl, design, work))
    chosen = plans(bound, len(data) // len(frames), out_beats)
    limit = bound * (len(frames) + 12) * 4 + 200_000
    depths = read_depths(rtl)

    def run(plan: RunPlan, window: tuple[int, int] | None = None) -> RunResult:
        return simulation.run(
            {INPUT: data},
            {OUTPUT: out_beats * len(frames)},
            stall_in=plan.stall_in,
            stall_out=plan.stall_out,
            seed=plan.seed,
            expect=expect,
            max_cycles=limit,
            patience=20 * bound + 100_000,
            window=window,
            progress=progress if plan is chosen[0] else None,
        )

    with ThreadPoolExecutor(max_workers=2) as pool:  # the simulator runs outside Python's lock
        results = list(pool.map(run, chosen))
    differences: list[Difference] = []
    problems: list[str] = []
    for plan, result in zip(chosen, results, strict=True):
        differences += _differences(plan, result, streams, ops)
        problems += _problems(plan, result, describe(design, result.streams, depths))
    trace = None
    if differences:
        first = differences[0]
        plan = next(p for p in chosen if p.name == first.run)
        again = run(plan, (max(0, first.cycle - TRACE_BEFORE), first.cycle + TRACE_AFTER))
        if again.trace is not None:
            vcd.write(trace_file, again.trace)
            trace = trace_file.name
    ends = results[0].output_cycles[OUTPUT][out_beats - 1 :: out_beats]
    return Verdict(
        frames=len(frames),
        tensors=len(streams),
        values=sum(s.values.size for s in streams) * len(chosen),
        mismatches=sum(s.mismatches for r in results for s in r.streams.values()),
        labels_equal=all(np.array_equal(r.outputs[OUTPUT], expect[OUTPUT]) for r in results),
        cycles_per_frame=steady(results[0].output_cycles[OUTPUT], out_beats),
        bound_cycles=bound,
        latency_cycles=int(ends[0] - results[0].first_input_cycle + 1) if len(ends) else 0,
        runs=tuple(
            Run(p.name, len(frames), p.stall_in, p.stall_out, p.seed, r.cycles, _beats_wrong(r))
            for p, r in zip(chosen, results, strict=True)
        ),
        streams=tuple(
            StreamCheck(
                s.edge.tensor,
                s.edge.producer or "input",
                s.origin,
                s.values.size * len(chosen),
                sum(r.streams[signal(s.edge.tensor)].mismatches for r in results),
            )
            for s in streams
        ),
        differences=tuple(differences[:SHOWN]),
        problems=tuple(problems[:SHOWN]),
        trace=trace,
    )


def _beats_wrong(result: RunResult) -> int:
    return sum(s.mismatches for s in result.streams.values())


def _differences(
    plan: RunPlan, result: RunResult, streams: Sequence[Expected], ops: Mapping[str, str]
) -> list[Difference]:
    """The first differing element of each stream, in the order of the pipeline: the first one is where the fault is."""
    found = []
    for stream in streams:
        mismatches = result.streams[signal(stream.edge.tensor)].first_mismatches
        if mismatches:
            found.append(_difference(plan, stream, mismatches[0], ops.get(stream.edge.producer or "", "Input")))
    return found


def _difference(plan: RunPlan, stream: Expected, mismatch: Mismatch, op: str) -> Difference:
    edge, spec = stream.edge, stream.edge.spec
    frame, beat = divmod(mismatch.beat, spec.beats)
    got = from_bytes(_row(mismatch.got), spec.parallel, spec.dtype)[0]
    wanted = stream.values[frame, beat] if frame < len(stream.values) else np.zeros_like(got)
    element = int(np.flatnonzero(got != wanted)[0]) if (got != wanted).any() else 0
    pixel, fold = divmod(beat, spec.shape[-1] // spec.parallel)
    position = tuple(int(v) for v in np.unravel_index(pixel, spec.shape[1:-1])) if len(spec.shape) > 2 else ()
    node = edge.producer or "input"
    return Difference(
        run=plan.name,
        stream=edge.tensor,
        node=node,
        op=op,
        frame=frame,
        position=position,
        element=fold * spec.parallel + element,
        expected=int(wanted[element]),
        got=int(got[element]),
        cycle=mismatch.cycle,
    )


def _row(data: bytes) -> Bytes:
    return np.frombuffer(data, np.uint8)[None, :]


def _problems(plan: RunPlan, result: RunResult, ring: str) -> list[str]:
    """What is wrong with a run but for its values. `ring`: who waits for whom, in one line, or ""."""
    if result.deadlock is not None:
        where = f"{result.deadlock.reason}; {ring}" if ring else str(result.deadlock)
        return [f"run {plan.name}: {where}"]
    found = [f"run {plan.name}: stream {name} sent {n} beats too many" for name, n in result.leftovers.items()]
    return found + [f"run {plan.name}: stream {name} lacks {n} beats" for name, n in result.missing.items()]


def raise_unless_exact(verdict: Verdict) -> None:
    """Raises BuildFailed with the first difference, named by layer, frame, pixel, channel, expected and got."""
    if verdict.differences:
        trace = f"; waveform in {verdict.trace}" if verdict.trace else ""
        raise BuildFailed(f"{verdict.differences[0]}; {verdict.mismatches} beats differ in all{trace}")
    if verdict.problems:
        raise BuildFailed(verdict.problems[0])
    if verdict.mismatches:
        raise BuildFailed(f"{verdict.mismatches} beats differ")
