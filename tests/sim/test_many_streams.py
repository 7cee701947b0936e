# SPDX-License-Identifier: Apache-2.0
"""Hundreds of streams of all widths beside each other: none is missed, none is taken for another, no bit is passed over."""

from pathlib import Path

import numpy as np
import pytest

from hwflow.sim.engine import Bytes, Simulation
from hwflow.sim.verilate import Stream, build

STREAMS, CYCLES = 205, 300  # not a multiple of 64 nor of 8
WIDTHS = [1 + i % 82 for i in range(STREAMS)]
WORD = 0xFFFFFFFF


def mixed(value: int) -> int:
    """32 bits in which neighbouring values have nothing in common, in Verilog below."""
    value = value * 0x9E3779B1 & WORD
    value ^= value >> 15
    value = value * 0x85EBCA77 & WORD
    return value ^ value >> 13


def moves(stream: int, cycle: int) -> bool:
    handshake = mixed(cycle * STREAMS + stream)
    return bool(handshake >> 3 & 1 and handshake >> 7 & 1)


def beat(stream: int, number: int) -> int:
    return int(f"{mixed(stream * 1000 + number):08x}" * 3, 16) & (1 << WIDTHS[stream]) - 1


def module() -> str:
    """Stream i moves and carries what the functions above say, in cycles 0 to CYCLES - 1."""
    lines = [
        "module many (input logic ap_clk, input logic ap_rst_n, output logic [7:0] out0_V_TDATA,",
        "  output logic out0_V_TVALID, input logic out0_V_TREADY);",
        *(f"logic [{width - 1}:0] s{i}_tdata;" for i, width in enumerate(WIDTHS)),
        *(f"logic s{i}_tvalid;" for i in range(STREAMS)),
        *(f"logic s{i}_tready;" for i in range(STREAMS)),
        "function automatic logic [31:0] mixed(logic [31:0] x);",
        "  x = x * 32'h9E3779B1; x = x ^ (x >> 15); x = x * 32'h85EBCA77; return x ^ (x >> 13);",
        "endfunction",
        "logic [31:0] cycle;",
        "always_ff @(posedge ap_clk) cycle <= ap_rst_n ? cycle + 1 : 0;",
        f"assign out0_V_TVALID = cycle < {CYCLES}, out0_V_TDATA = cycle[7:0];",
    ]
    for i, width in enumerate(WIDTHS):
        lines += [
            f"logic [31:0] handshake{i}, beats{i}; assign handshake{i} = mixed(cycle * {STREAMS} + {i});",
            f"assign s{i}_tvalid = handshake{i}[3] && cycle < {CYCLES}, s{i}_tready = handshake{i}[7];",
            f"assign s{i}_tdata = {width}'({{3{{mixed({i} * 1000 + beats{i})}}}});",
            f"always_ff @(posedge ap_clk) beats{i} <= !ap_rst_n ? 0 : beats{i} + 32'(s{i}_tvalid && s{i}_tready);",
        ]
    return "\n".join([*lines, "endmodule", ""])


def beats_of(stream: int) -> Bytes:
    count = sum(moves(stream, cycle) for cycle in range(CYCLES))
    size = (WIDTHS[stream] + 7) // 8
    rows = [beat(stream, n).to_bytes(size, "little") for n in range(count)]
    return np.frombuffer(b"".join(rows), np.uint8).reshape(count, size)


@pytest.fixture(scope="module")
def many(work: Path, tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    source = tmp_path_factory.mktemp("many") / "many.sv"
    source.write_text(module())
    taps = [Stream(f"s{i}", f"s{i}_tdata", f"s{i}_tvalid", f"s{i}_tready") for i in range(STREAMS)]
    return Simulation(build("many", [source], work, taps=taps))


@pytest.fixture(scope="module")
def expected() -> dict[str, Bytes]:
    return {f"s{i}": beats_of(i) for i in range(STREAMS)}


def test_every_beat_of_every_stream_is_compared(many: Simulation, expected: dict[str, Bytes]) -> None:
    result = many.run({}, {"out0_V": CYCLES}, expect=expected, max_cycles=1000, drain=10)
    assert result.clean
    for i in range(STREAMS):
        cycles = [cycle for cycle in range(CYCLES) if moves(i, cycle)]
        stream = result.streams[f"s{i}"]
        assert (stream.beats, stream.first_cycle, stream.last_cycle) == (len(cycles), cycles[0], cycles[-1])


def test_one_wrong_bit_in_each_stream_is_found(many: Simulation, expected: dict[str, Bytes]) -> None:
    random = np.random.default_rng(7)
    for _ in range(20):
        wrong = {name: array.copy() for name, array in expected.items()}
        where: dict[str, int] = {}
        for i, (name, array) in enumerate(wrong.items()):
            where[name] = int(random.integers(len(array)))
            bit = int(random.choice([0, WIDTHS[i] - 1, random.integers(WIDTHS[i])]))
            array[where[name], bit // 8] ^= 1 << bit % 8
        result = many.run({}, {"out0_V": CYCLES}, expect=wrong, max_cycles=1000, drain=10)
        assert {name: result.streams[name].mismatches for name in wrong} == dict.fromkeys(wrong, 1)
        for mismatch in result.mismatches:
            name, number = mismatch.stream, mismatch.beat
            assert number == where[name]
            assert (mismatch.got, mismatch.expected) == (
                expected[name][number].tobytes(),
                wrong[name][number].tobytes(),
            )
            assert mismatch.cycle == [c for c in range(CYCLES) if moves(int(name[1:]), c)][number]


def test_only_what_is_asked_for_is_watched(many: Simulation, expected: dict[str, Bytes]) -> None:
    some = {name: array for i, (name, array) in enumerate(expected.items()) if i % 9 not in (2, 3)}
    result = many.run({}, {"out0_V": CYCLES}, expect=some, max_cycles=1000, drain=10, watch=False)
    assert result.clean
    beats = {name: result.streams[name].beats for name in expected}
    assert beats == {name: len(array) if name in some else 0 for name, array in expected.items()}


def test_runs_may_lie_within_each_other(many: Simulation, expected: dict[str, Bytes]) -> None:
    inner: list[bool] = []

    def run_another(*_: int) -> None:
        inner.append(many.run({}, {"out0_V": CYCLES}, expect=expected, max_cycles=1000, drain=10).clean)

    outer = many.run({}, {"out0_V": CYCLES}, expect=expected, max_cycles=1000, drain=10, progress=run_another, turn=100)
    assert outer.clean and inner == [True, True, True]

    def run_and_stop(*_: int) -> None:
        run_another()
        raise InterruptedError

    with pytest.raises(InterruptedError):
        many.run({}, {"out0_V": CYCLES}, max_cycles=1000, progress=run_and_stop, turn=100)
