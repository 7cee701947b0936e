# SPDX-License-Identifier: Apache-2.0
"""Run a simulation library: arrays in, arrays out, every stream compared on the way, all of it in C++.

A beat is a row of a uint8 array, the lowest byte first: `[beats, bytes]` with bytes = ceil(bits / 8).
Cycle 0 is the first one after reset.
"""

import ctypes
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwflow.errors import BuildFailed

Bytes = NDArray[np.uint8]
Cycles = NDArray[np.int64]

_KINDS = ("input", "output", "tap")
_RUNNING, _DONE, _STUCK, _OUT_OF_CYCLES, _FAILED = range(5)
_TURN = 200_000  # cycles in C++ between two chances to be interrupted


@dataclass(frozen=True)
class StreamInfo:
    """A stream of the library: `kind` is "input", "output" or "tap"."""

    name: str
    kind: str
    bits: int

    @property
    def bytes(self) -> int:
        return (self.bits + 7) // 8


@dataclass(frozen=True)
class Mismatch:
    """A beat that is not what it should be. Padding bits of `got` are shown, but were not compared."""

    stream: str
    beat: int
    cycle: int
    expected: bytes
    got: bytes


@dataclass(frozen=True)
class StreamResult:
    """What passed on a stream. `expected_beats` is None where nothing was asked; a cycle is -1 where no beat passed."""

    beats: int
    expected_beats: int | None
    mismatches: int
    first_mismatches: tuple[Mismatch, ...]
    first_cycle: int
    last_cycle: int
    valid: bool
    ready: bool

    @property
    def missing(self) -> int:
        """Beats that should have passed and did not."""
        return max(0, (self.expected_beats or 0) - self.beats)

    @property
    def leftover(self) -> int:
        """Beats more than expected, one still waiting at the end included."""
        if self.expected_beats is None:
            return 0
        return max(0, self.beats + (1 if self.valid else 0) - self.expected_beats)


@dataclass(frozen=True)
class Deadlock:
    """Why a run ended before all beats had passed, and where every stream stood then.

    `blocked` streams have data that nobody takes, `starved` ones a taker without data: look between the two.
    """

    reason: str
    cycle: int
    blocked: tuple[str, ...]
    starved: tuple[str, ...]
    idle: tuple[str, ...]

    def __str__(self) -> str:
        def names(streams: tuple[str, ...]) -> str:
            return ", ".join(streams[:12]) + (f" and {len(streams) - 12} more" if len(streams) > 12 else "") or "none"

        return f"{self.reason} (cycle {self.cycle}); blocked: {names(self.blocked)}; starved: {names(self.starved)}"


@dataclass(frozen=True)
class Trace:
    """Streams in the cycles from `first_cycle` on: of each, data [cycles, bytes], valid and ready [cycles]."""

    first_cycle: int
    streams: tuple[StreamInfo, ...]
    data: Mapping[str, Bytes]
    valid: Mapping[str, NDArray[np.bool_]]
    ready: Mapping[str, NDArray[np.bool_]]


@dataclass(frozen=True)
class RunResult:
    """A finished run.

    `outputs[name]` is [beats, bytes] and `output_cycles[name]` [beats], for as many beats as passed; `cycles` is up to
    and with the last expected beat; `first_input_cycle` is when the first input beat was accepted (-1: none was).
    """

    outputs: Mapping[str, Bytes]
    output_cycles: Mapping[str, Cycles]
    cycles: int
    first_input_cycle: int
    streams: Mapping[str, StreamResult]
    high_water: Mapping[str, int]
    deadlock: Deadlock | None
    trace: Trace | None

    @property
    def mismatches(self) -> tuple[Mismatch, ...]:
        """The first mismatches of all streams, earliest cycle first."""
        return tuple(sorted((m for s in self.streams.values() for m in s.first_mismatches), key=lambda m: m.cycle))

    @property
    def leftovers(self) -> dict[str, int]:
        return {name: s.leftover for name, s in self.streams.items() if s.leftover}

    @property
    def missing(self) -> dict[str, int]:
        return {name: s.missing for name, s in self.streams.items() if s.missing}

    @property
    def clean(self) -> bool:
        """All beats passed, none too many, each as expected."""
        wrong = any(s.mismatches or s.leftover or s.missing for s in self.streams.values())
        return self.deadlock is None and not wrong


class Simulation:
    """A library that `hwflow.sim.verilate.build` made. Each run starts a fresh model, out of reset."""

    def __init__(self, library: Path) -> None:
        self._lib = _load(library)
        with _Model(self._lib, seed=0) as model:
            self.streams = {info.name: info for info in model.infos}
            self.gauges = {name: index for index, name in enumerate(model.gauges())}

    def run(
        self,
        inputs: Mapping[str, Bytes],
        outputs: Mapping[str, int],
        *,
        max_cycles: int,
        stall_in: float = 0.0,
        stall_out: float = 0.0,
        seed: int = 0,
        expect: Mapping[str, Bytes] | None = None,
        pace: Mapping[str, float | Fraction] | None = None,
        limits: Mapping[str, int] | None = None,
        watch: bool = True,
        record: Sequence[str] = (),
        window: tuple[int, int] | None = None,
        patience: int = 50_000,
        drain: int = 1_000,
        keep: int = 10,
        progress: Callable[[int, int], None] | None = None,
        turn: int = _TURN,
    ) -> RunResult:
        """Feed `inputs` ([beats, bytes] each) and wait for `outputs` (beats each).

        - `stall_in`, `stall_out`: probability that a cycle offers no beat, or takes none; the same `seed` stalls the
          same way (and gives registers without a reset the same random start).
        - `expect`: what must pass on an output or tap, in order, padding aside; the first `keep` mismatches of each
          stream are kept.
        - `pace`: cycles per beat of an input; beat i is offered no earlier than cycle i * pace.
        - `limits`: beats that a gauge holds at most; the others hold what comes.
        - `watch`: without it a tap with nothing to expect is passed over, which is faster: its beats are not counted, and
          movement on it alone does not keep a run alive.
        - `window`: first and last cycle to record, for the streams in `record` (default: all).
        - A run ends `drain` cycles after the last movement once all beats have passed, else with a deadlock report:
          nothing moved for `patience` cycles, or `max_cycles` are over.
        - `progress` is called every `turn` cycles, with the cycle and the number of output beats so far.

        Raises ValueError for arrays or numbers that do not fit, BuildFailed where the design itself stops ($error).
        """
        expect, pace = expect or {}, pace or {}
        self._check(inputs, outputs, expect, pace, record)
        if unknown := [name for name in limits or {} if name not in self.gauges]:
            raise ValueError(f"no gauge {unknown[0]}; there are: {', '.join(self.gauges) or 'none'}")
        if not (0.0 <= stall_in < 1.0 and 0.0 <= stall_out < 1.0):
            raise ValueError(f"stall_in={stall_in}, stall_out={stall_out}: probabilities from 0 to below 1")
        if turn < 1:
            raise ValueError(f"turn={turn}: at least 1 cycle")
        steps = {name: Fraction(value).limit_denominator(1 << 20) for name, value in pace.items()}
        longest = max((int(step) + 1 for step in steps.values()), default=0)
        with _Model(self._lib, seed) as model:
            for name, array in inputs.items():
                model.feed(name, _contiguous(array), _of_2_to_32(stall_in), steps.get(name, Fraction(0)))
            for info in self.streams.values():
                if info.kind == "output":
                    model.collect(info.name, outputs.get(info.name, 0), _of_2_to_32(stall_out))
            for name, array in expect.items():
                model.expect(name, _contiguous(array), keep)
            for name, beats in (limits or {}).items():
                model.limit(self.gauges[name], beats)
            if not watch:
                model.watch_expected()
            if window is not None:
                model.record(record or tuple(self.streams), *window)
            until = (max_cycles, patience + longest, drain)
            while (status := model.advance(turn, *until)) == _RUNNING:
                if progress is not None:
                    progress(model.cycles, sum(model.state(name).beats for name in outputs))
            if status == _FAILED:
                raise BuildFailed(f"simulation, cycle {model.cycles}: {model.error}")
            return model.result(status, inputs, outputs, expect, max_cycles)

    def _check(
        self,
        inputs: Mapping[str, Bytes],
        outputs: Mapping[str, int],
        expect: Mapping[str, Bytes],
        pace: Mapping[str, float | Fraction],
        record: Sequence[str],
    ) -> None:
        for names, kinds in (
            (inputs, ("input",)),
            (outputs, ("output",)),
            (expect, ("output", "tap")),
            (pace, ("input",)),
            (record, _KINDS),
        ):
            fitting = [info.name for info in self.streams.values() if info.kind in kinds]
            if unknown := [name for name in names if name not in fitting]:
                raise ValueError(f"no {' or '.join(kinds)} stream {unknown[0]}; there are: {', '.join(fitting)}")
        for name, array in (*inputs.items(), *expect.items()):
            wanted = self.streams[name].bytes
            if array.dtype != np.uint8 or array.ndim != 2 or array.shape[1] != wanted:
                raise ValueError(f"stream {name}: {array.dtype}{array.shape} given, uint8 [beats, {wanted}] wanted")


def _contiguous(array: Bytes) -> Bytes:
    return np.ascontiguousarray(array)


def _of_2_to_32(probability: float) -> int:
    return round(probability * 2**32)


class _Info(ctypes.Structure):
    _fields_ = (("name", ctypes.c_char_p), ("kind", ctypes.c_int32), ("bits", ctypes.c_uint32))


class _State(ctypes.Structure):
    _fields_ = (
        ("beats", ctypes.c_uint64),
        ("mismatches", ctypes.c_uint64),
        ("first_cycle", ctypes.c_int64),
        ("last_cycle", ctypes.c_int64),
        ("valid", ctypes.c_int32),
        ("ready", ctypes.c_int32),
    )


def _load(library: Path) -> ctypes.CDLL:
    """The library with its functions' types (hwflow/sim/harness/harness.cpp)."""
    lib = ctypes.CDLL(str(library.resolve()))
    run, size, array = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p
    types: dict[str, tuple[object, list[object]]] = {
        "hwf_new": (run, [size, ctypes.c_char_p, size]),
        "hwf_delete": (None, [run]),
        "hwf_stream_count": (size, [run]),
        "hwf_stream_info": (None, [run, size, ctypes.POINTER(_Info)]),
        "hwf_feed": (None, [run, size, array, size, size, size, size]),
        "hwf_collect": (None, [run, size, array, array, size, size]),
        "hwf_expect": (None, [run, size, array, size, size, array, array, array]),
        "hwf_trace": (None, [run, size, array, array]),
        "hwf_window": (None, [run, size, size]),
        "hwf_advance": (ctypes.c_int32, [run, size, size, size, size]),
        "hwf_error": (ctypes.c_char_p, [run]),
        "hwf_cycles": (size, [run]),
        "hwf_done_cycle": (size, [run]),
        "hwf_stream_state": (None, [run, size, ctypes.POINTER(_State)]),
        "hwf_gauge_count": (size, [run]),
        "hwf_gauge_name": (ctypes.c_char_p, [run, size]),
        "hwf_gauge": (size, [run, size]),
        "hwf_limit": (None, [run, size, size]),
        "hwf_watch_expected": (None, [run]),
    }
    for name, (result, arguments) in types.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


class _Model:
    """One run of the C++ harness. Holds the arrays that the harness writes to, for as long as it may write."""

    def __init__(self, lib: ctypes.CDLL, seed: int) -> None:
        self._lib = lib
        reason = ctypes.create_string_buffer(1024)
        self._handle = lib.hwf_new(seed, reason, len(reason))
        if not self._handle:
            raise BuildFailed(f"simulation: {reason.value.decode()}")
        self.infos: list[StreamInfo] = []
        for index in range(lib.hwf_stream_count(self._handle)):
            info = _Info()
            lib.hwf_stream_info(self._handle, index, ctypes.byref(info))
            self.infos.append(StreamInfo(info.name.decode(), _KINDS[info.kind], info.bits))
        self._index = {info.name: index for index, info in enumerate(self.infos)}
        self._fed: list[Bytes] = []
        self._collected: dict[str, tuple[Bytes, Cycles]] = {}
        self._mismatched: dict[str, tuple[Bytes, Cycles, Cycles, Bytes]] = {}
        self._recorded: dict[str, tuple[Bytes, Bytes]] = {}
        self._window = (0, 0)

    def __enter__(self) -> "_Model":
        return self

    def __exit__(self, *_: object) -> None:
        self._lib.hwf_delete(self._handle)

    def feed(self, name: str, array: Bytes, stall: int, pace: Fraction) -> None:
        self._fed.append(array)
        step = (pace.numerator, pace.denominator)
        self._lib.hwf_feed(self._handle, self._index[name], array.ctypes.data, len(array), stall, *step)

    def collect(self, name: str, beats: int, stall: int) -> None:
        index = self._index[name]
        data = np.zeros((beats, self.infos[index].bytes), np.uint8)
        cycles = np.zeros(beats, np.int64)
        self._collected[name] = (data, cycles)
        self._lib.hwf_collect(self._handle, index, data.ctypes.data, cycles.ctypes.data, beats, stall)

    def expect(self, name: str, array: Bytes, keep: int) -> None:
        index = self._index[name]
        beats, cycles = np.zeros(keep, np.int64), np.zeros(keep, np.int64)
        got = np.zeros((keep, self.infos[index].bytes), np.uint8)
        self._mismatched[name] = (array, beats, cycles, got)
        pointers = (beats.ctypes.data, cycles.ctypes.data, got.ctypes.data)
        self._lib.hwf_expect(self._handle, index, array.ctypes.data, len(array), keep, *pointers)

    def record(self, names: Sequence[str], first: int, last: int) -> None:
        count = last - first + 1
        if first < 0 or count < 1:
            raise ValueError(f"window ({first}, {last}): a first and a last cycle, from 0 on")
        self._window = (first, count)
        self._lib.hwf_window(self._handle, first, count)
        for name in names:
            index = self._index[name]
            data = np.zeros((count, self.infos[index].bytes), np.uint8)
            handshake = np.zeros(count, np.uint8)
            self._recorded[name] = (data, handshake)
            self._lib.hwf_trace(self._handle, index, data.ctypes.data, handshake.ctypes.data)

    def advance(self, budget: int, max_cycles: int, patience: int, drain: int) -> int:
        return int(self._lib.hwf_advance(self._handle, budget, max_cycles, patience, drain))

    @property
    def cycles(self) -> int:
        return int(self._lib.hwf_cycles(self._handle))

    @property
    def error(self) -> str:
        """What the design printed before it stopped, in one line, without Verilator's time stamp."""
        text = " ".join(self._lib.hwf_error(self._handle).decode(errors="replace").split())
        return re.sub(r"^\[\d+\] %Error: ", "", text)

    def state(self, name: str) -> _State:
        state = _State()
        self._lib.hwf_stream_state(self._handle, self._index[name], ctypes.byref(state))
        return state

    def result(
        self,
        status: int,
        inputs: Mapping[str, Bytes],
        outputs: Mapping[str, int],
        expect: Mapping[str, Bytes],
        max_cycles: int,
    ) -> RunResult:
        wanted = {info.name: 0 for info in self.infos if info.kind == "output"}
        wanted |= {name: len(array) for name, array in expect.items()}
        wanted |= {name: len(array) for name, array in inputs.items()}
        wanted |= outputs
        streams = {info.name: self._stream_result(info, wanted.get(info.name)) for info in self.infos}
        beats = {name: streams[name].beats for name in self._collected}
        fed = [streams[name].first_cycle for name in inputs if streams[name].first_cycle >= 0]
        return RunResult(
            outputs={name: data[: beats[name]] for name, (data, _) in self._collected.items()},
            output_cycles={name: cycles[: beats[name]] for name, (_, cycles) in self._collected.items()},
            cycles=int(self._lib.hwf_done_cycle(self._handle)) + 1 if status == _DONE else self.cycles,
            first_input_cycle=min(fed, default=-1),
            streams=streams,
            high_water=self.gauges(),
            deadlock=None if status == _DONE else self._deadlock(status, streams, max_cycles),
            trace=self._trace() if self._recorded else None,
        )

    def limit(self, gauge: int, beats: int) -> None:
        self._lib.hwf_limit(self._handle, gauge, beats)

    def watch_expected(self) -> None:
        self._lib.hwf_watch_expected(self._handle)

    def gauges(self) -> dict[str, int]:
        """The high-water mark of each, by its name."""
        lib, handle = self._lib, self._handle
        indices = range(lib.hwf_gauge_count(handle))
        return {lib.hwf_gauge_name(handle, i).decode(): int(lib.hwf_gauge(handle, i)) for i in indices}

    def _stream_result(self, info: StreamInfo, wanted: int | None) -> StreamResult:
        state = self.state(info.name)
        first: tuple[Mismatch, ...] = ()
        if info.name in self._mismatched:
            expected, beats, cycles, got = self._mismatched[info.name]
            first = tuple(
                Mismatch(info.name, int(beats[i]), int(cycles[i]), expected[beats[i]].tobytes(), got[i].tobytes())
                for i in range(min(state.mismatches, len(beats)))
            )
        handshake = (bool(state.valid), bool(state.ready))
        span = (state.first_cycle, state.last_cycle)
        return StreamResult(state.beats, wanted, state.mismatches, first, *span, *handshake)

    def _deadlock(self, status: int, streams: Mapping[str, StreamResult], max_cycles: int) -> Deadlock:
        last = max((s.last_cycle for s in streams.values()), default=-1)
        reason = f"nothing has moved since cycle {last}" if status == _STUCK else f"not done after {max_cycles} cycles"
        return Deadlock(
            reason,
            self.cycles,
            blocked=tuple(name for name, s in streams.items() if s.valid and not s.ready),
            starved=tuple(name for name, s in streams.items() if s.ready and not s.valid),
            idle=tuple(name for name, s in streams.items() if not s.ready and not s.valid),
        )

    def _trace(self) -> Trace:
        first, count = self._window
        rows = max(0, min(count, self.cycles - first))
        return Trace(
            first_cycle=first,
            streams=tuple(self.infos[self._index[name]] for name in self._recorded),
            data={name: data[:rows] for name, (data, _) in self._recorded.items()},
            valid={name: (handshake[:rows] & 1).astype(np.bool_) for name, (_, handshake) in self._recorded.items()},
            ready={name: (handshake[:rows] & 2).astype(np.bool_) for name, (_, handshake) in self._recorded.items()},
        )
