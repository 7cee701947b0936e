# SPDX-License-Identifier: Apache-2.0
"""Running a library: handshakes, stalls, comparison, pace, deadlocks, what is left over, and what is recorded."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from hwflow.errors import BuildFailed
from hwflow.sim.engine import Bytes, RunResult, Simulation
from hwflow.sim.vcd import write
from hwflow.sim.verilate import Stream, build

RTL = Path(__file__).parent / "rtl"
SOURCES = [RTL / "line.sv", RTL / "skid.sv", RTL / "hwf_fifo.sv"]
TAPS = [Stream(name, f"{name}_tdata", f"{name}_tvalid", f"{name}_tready") for name in ("s1", "s2")]


@pytest.fixture(scope="module")
def line(work: Path) -> Simulation:
    return Simulation(build("line", SOURCES, work, taps=TAPS, gauges=["fifo"]))


def words(values: Callable[[int], int], count: int) -> Bytes:
    """12-bit values as beats of two bytes."""
    return np.array([[values(i) & 0xFF, values(i) >> 8 & 0xF] for i in range(count)], np.uint8)


def numbers(count: int, add: int = 0) -> Bytes:
    return words(lambda i: (37 * i + add) % 4096, count)


def test_steady_stream(line: Simulation) -> None:
    result = line.run({"in0_V": numbers(500)}, {"out0_V": 500}, max_cycles=10_000)
    assert np.array_equal(result.outputs["out0_V"], numbers(500, 3))
    assert result.clean
    assert result.first_input_cycle == 0
    assert result.output_cycles["out0_V"].tolist() == list(range(3, 503)), "three registers, then a beat a cycle"
    assert result.cycles == 503
    assert {name: stream.beats for name, stream in result.streams.items()} == dict.fromkeys(
        ("in0_V", "out0_V", "s1", "s2"), 500
    )
    assert result.high_water == {"fifo": 1}
    assert result.deadlock is None and result.trace is None


def test_stalls_change_the_cycles_and_nothing_else(line: Simulation) -> None:
    def run(seed: int, stall_in: float, stall_out: float) -> RunResult:
        stalls = {"stall_in": stall_in, "stall_out": stall_out, "seed": seed}
        expect = {"s1": numbers(2000, 1), "s2": numbers(2000, 1), "out0_V": numbers(2000, 3)}
        return line.run({"in0_V": numbers(2000)}, {"out0_V": 2000}, max_cycles=100_000, expect=expect, **stalls)

    once, again, other = run(1, 0.3, 0.6), run(1, 0.3, 0.6), run(2, 0.3, 0.6)
    assert once.clean and again.clean and other.clean
    assert np.array_equal(once.output_cycles["out0_V"], again.output_cycles["out0_V"])
    assert not np.array_equal(once.output_cycles["out0_V"], other.output_cycles["out0_V"])
    # A taker that is ready in 4 of 10 cycles fills the FIFO; a giver that offers in 4 of 10 leaves it empty.
    assert 0.37 < 2000 / once.cycles < 0.43
    assert once.high_water == {"fifo": 4}
    starved = run(1, 0.6, 0.0)
    assert starved.clean and starved.high_water == {"fifo": 1}
    assert 0.37 < 2000 / starved.cycles < 0.43


def test_a_mismatch_is_found_where_it_is(line: Simulation) -> None:
    expected = numbers(300, 1)
    expected[[77, 123], 0] ^= 4
    expect = {"s1": expected, "s2": numbers(300, 1)}
    result = line.run({"in0_V": numbers(300)}, {"out0_V": 300}, max_cycles=10_000, expect=expect, window=(0, 400))
    assert not result.clean and result.deadlock is None
    assert result.streams["s1"].mismatches == 2 and result.streams["s2"].mismatches == 0
    assert [(m.stream, m.beat) for m in result.mismatches] == [("s1", 77), ("s1", 123)]
    first = result.mismatches[0]
    assert (first.expected, first.got) == (expected[77].tobytes(), numbers(300, 1)[77].tobytes())
    assert result.trace is not None
    passes = np.flatnonzero(result.trace.valid["s1"] & result.trace.ready["s1"])
    assert [m.cycle for m in result.mismatches] == passes[[77, 123]].tolist()
    limited = line.run({"in0_V": numbers(300)}, {"out0_V": 300}, max_cycles=10_000, expect=expect, keep=1)
    assert limited.streams["s1"].mismatches == 2 and len(limited.mismatches) == 1


def test_padding_is_not_compared(work: Path) -> None:
    taps = [Stream("s1", "s1_tdata", "s1_tvalid", "s1_tready", bits=5)]
    simulation = Simulation(build("line", SOURCES, work, taps=taps))
    expected = numbers(50, 1)
    expected ^= np.array([0xE0, 0xFF], np.uint8)  # all but the lowest five bits wrong
    result = simulation.run({"in0_V": numbers(50)}, {"out0_V": 50}, max_cycles=1000, expect={"s1": expected})
    assert result.clean
    expected[9, 0] ^= 0x10
    result = simulation.run({"in0_V": numbers(50)}, {"out0_V": 50}, max_cycles=1000, expect={"s1": expected})
    assert [m.beat for m in result.mismatches] == [9]


def test_flags_of_a_tap_are_one_bit_wide(work: Path) -> None:
    library = build("line", SOURCES, work, taps=[Stream("s1", "s1_tdata", "s2_tdata", "s1_tready")])
    with pytest.raises(BuildFailed, match=r"line\.s2_tdata is not 1 bit wide"):
        Simulation(library)


@pytest.mark.parametrize("pace", [3, Fraction(7, 3), 2.5])
def test_pace_spreads_the_input(line: Simulation, pace: float | Fraction) -> None:
    result = line.run({"in0_V": numbers(100)}, {"out0_V": 100}, max_cycles=10_000, pace={"in0_V": pace})
    expected = [int(i * Fraction(pace)) + 3 for i in range(100)]
    assert result.output_cycles["out0_V"].tolist() == expected


def test_a_deadlock_names_both_sides_of_the_culprit(work: Path) -> None:
    simulation = Simulation(build("line", SOURCES, work, {"LIMIT": 5}, taps=TAPS, gauges=["fifo"]))
    result = simulation.run({"in0_V": numbers(50)}, {"out0_V": 50}, max_cycles=10_000, patience=200)
    assert result.deadlock is not None and not result.clean
    assert result.deadlock.blocked == ("in0_V", "s1", "s2")
    assert result.deadlock.starved == ("out0_V",)
    last = max(stream.last_cycle for stream in result.streams.values())
    assert result.deadlock.cycle == last + 201 == result.cycles
    assert str(result.deadlock) == (
        f"nothing has moved since cycle {last} (cycle {last + 201}); blocked: in0_V, s1, s2; starved: out0_V"
    )
    assert result.outputs["out0_V"].shape == (5, 2) and len(result.output_cycles["out0_V"]) == 5
    assert result.missing == {"in0_V": 50 - result.streams["in0_V"].beats, "out0_V": 45}
    assert result.high_water == {"fifo": 4}


def test_out_of_cycles(line: Simulation) -> None:
    result = line.run({"in0_V": numbers(500)}, {"out0_V": 500}, max_cycles=100)
    assert result.deadlock is not None and result.deadlock.reason == "not done after 100 cycles"
    assert result.cycles == 100 and result.missing["out0_V"] == 403


def test_what_nobody_asked_for_is_told(line: Simulation, work: Path) -> None:
    result = line.run({"in0_V": numbers(60)}, {"out0_V": 50}, max_cycles=10_000, expect={"s1": numbers(40, 1)})
    assert result.deadlock is None and not result.clean
    assert result.leftovers == {"out0_V": 10, "s1": 20}
    source = Simulation(build("source", [RTL / "source.sv"], work))
    assert source.run({}, {"out0_V": 5}, max_cycles=1000).clean
    assert source.run({}, {"out0_V": 3}, max_cycles=1000).leftovers == {"out0_V": 2}
    assert source.run({}, {}, max_cycles=1000).leftovers == {"out0_V": 5}
    # Fewer than expected on a tap: the run goes on until nothing moves, and says what is missing.
    result = line.run(
        {"in0_V": numbers(6)}, {"out0_V": 6}, max_cycles=10_000, expect={"s1": numbers(8, 1)}, patience=99
    )
    assert result.deadlock is not None and result.missing == {"s1": 2}


def test_every_run_starts_from_reset_with_random_registers(work: Path) -> None:
    source = Simulation(build("source", [RTL / "source.sv"], work))
    outputs = [source.run({}, {"out0_V": 5}, max_cycles=1000, seed=seed).outputs["out0_V"] for seed in (1, 1, 2)]
    assert all(output[:, :4].view(np.uint32)[:, 0].tolist() == [0, 1, 2, 3, 4] for output in outputs)
    assert np.array_equal(outputs[0], outputs[1])
    assert not np.array_equal(outputs[0], outputs[2]), "registers without a reset start at random"


def test_an_error_in_the_design_ends_the_run_only(work: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source = Simulation(build("source", [RTL / "source.sv"], work, {"SCARY": 1}))
    assert source.run({}, {"out0_V": 3}, max_cycles=3).outputs["out0_V"].shape == (3, 8)
    with pytest.raises(BuildFailed, match=r"^simulation, cycle 3: source\.sv:\d+: .* beat 3 is scary$") as error:
        source.run({}, {"out0_V": 5}, max_cycles=1000)
    assert "\n" not in str(error.value)
    assert capfd.readouterr().out == ""


def test_progress(line: Simulation) -> None:
    seen: list[tuple[int, int]] = []
    line.run(
        {"in0_V": numbers(1000)},
        {"out0_V": 1000},
        max_cycles=10**7,
        pace={"in0_V": 1000},
        progress=lambda cycle, beats: seen.append((cycle, beats)),
    )
    assert seen == [(200_000, 200), (400_000, 400), (600_000, 600), (800_000, 800), (1_000_000, 1000)]


def test_arrays_that_do_not_fit(line: Simulation) -> None:
    with pytest.raises(ValueError, match=r"stream in0_V: uint8\(5, 3\) given, uint8 \[beats, 2\] wanted"):
        line.run({"in0_V": np.zeros((5, 3), np.uint8)}, {"out0_V": 5}, max_cycles=10)
    with pytest.raises(ValueError, match="no output stream out1_V; there are: out0_V"):
        line.run({"in0_V": numbers(5)}, {"out1_V": 5}, max_cycles=10)
    with pytest.raises(ValueError, match="no output or tap stream in0_V; there are: out0_V, s1, s2"):
        line.run({"in0_V": numbers(5)}, {"out0_V": 5}, max_cycles=10, expect={"in0_V": numbers(5)})
    with pytest.raises(ValueError, match="turn=0: at least 1 cycle"):
        line.run({"in0_V": numbers(5)}, {"out0_V": 5}, max_cycles=10, turn=0)
    with pytest.raises(ValueError, match="probabilities from 0 to below 1"):
        line.run({"in0_V": numbers(5)}, {"out0_V": 5}, max_cycles=10, stall_in=1.0)


def read_vcd(text: str) -> dict[str, dict[int, str]]:
    """Changes by scope.signal: time -> value."""
    header, _, body = text.partition("$enddefinitions $end\n")
    names: dict[str, str] = {}
    scope: list[str] = []
    for line in header.splitlines():
        word = line.split()
        if word[0] == "$scope":
            scope.append(word[2])
        elif word[0] == "$upscope":
            scope.pop()
        elif word[0] == "$var":
            assert word[3] not in names, "two signals share an identifier"
            names[word[3]] = ".".join([*scope, word[4]])
    assert not scope
    changes: dict[str, dict[int, str]] = {name: {} for name in names.values()}
    now = -1
    for line in body.splitlines():
        if line.startswith("#"):
            assert int(line[1:]) > now, "time runs backwards"
            now = int(line[1:])
        elif line.startswith("b"):
            value, identifier = line[1:].split()
            changes[names[identifier]][now] = value
        else:
            changes[names[line[1:]]][now] = line[0]
    return changes


def test_a_recorded_window_becomes_a_waveform(line: Simulation, tmp_path: Path) -> None:
    run = {"max_cycles": 10_000, "stall_in": 0.5, "stall_out": 0.2, "seed": 5}
    result = line.run({"in0_V": numbers(200)}, {"out0_V": 200}, record=["s2", "out0_V"], window=(100, 149), **run)
    trace = result.trace
    assert trace is not None and [s.name for s in trace.streams] == ["s2", "out0_V"]
    moved = np.flatnonzero(trace.valid["out0_V"] & trace.ready["out0_V"]) + trace.first_cycle
    cycles = result.output_cycles["out0_V"]
    inside = (cycles >= 100) & (cycles < 150)
    assert moved.tolist() == cycles[inside].tolist()
    assert np.array_equal(trace.data["out0_V"][moved - 100], result.outputs["out0_V"][inside])

    write(tmp_path / "trace.vcd", trace)
    changes = read_vcd((tmp_path / "trace.vcd").read_text())
    assert len(changes["trace.ap_clk"]) == 100
    for stream in ("s2", "out0_V"):
        data = valid = None
        for row in range(50):
            time = (100 + row) * 10
            data = changes[f"trace.{stream}.TDATA"].get(time, data)
            valid = changes[f"trace.{stream}.TVALID"].get(time, valid)
            assert data is not None and int(data, 2) == int.from_bytes(trace.data[stream][row].tobytes(), "little")
            assert valid == str(int(trace.valid[stream][row]))
    # A window beyond the end of the run is cut there.
    late = line.run({"in0_V": numbers(20)}, {"out0_V": 20}, max_cycles=10_000, drain=10, window=(30, 999)).trace
    assert late is not None and len(late.valid["s1"]) == 3 and set(late.data) == {"in0_V", "out0_V", "s1", "s2"}
