# SPDX-License-Identifier: Apache-2.0
"""Write recorded streams as a waveform file (VCD, IEEE 1364 clause 18) that GTKWave opens."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hwflow.files import publish
from hwflow.sim.engine import Trace

_PERIOD_NS = 10  # of the clock that is drawn; cycle c rises at c * 10 ns


def write(path: Path, trace: Trace) -> None:
    """Write `trace`; each stream is a scope with TDATA, TVALID and TREADY, as sampled at the end of each cycle."""
    publish(path, lambda beside: beside.write_text("".join(_lines(trace))))


def _lines(trace: Trace) -> Iterator[str]:
    yield f"$timescale 1ns $end\n$scope module trace $end\n$var wire 1 {_identifier(0)} ap_clk $end\n"
    for index, info in enumerate(trace.streams):
        data, valid, ready = (_identifier(1 + 3 * index + k) for k in range(3))
        yield f"$scope module {info.name} $end\n"
        yield f"$var wire {info.bits} {data} TDATA [{info.bits - 1}:0] $end\n"
        yield f"$var wire 1 {valid} TVALID $end\n$var wire 1 {ready} TREADY $end\n$upscope $end\n"
    yield "$upscope $end\n$enddefinitions $end\n"
    rows = max((len(trace.valid[info.name]) for info in trace.streams), default=0)
    for row in range(rows):
        # What is sampled at an edge has been driven since the edge before.
        start = (trace.first_cycle + row) * _PERIOD_NS
        yield f"#{start}\n1{_identifier(0)}\n"
        for index, info in enumerate(trace.streams):
            data, valid, ready = (_identifier(1 + 3 * index + k) for k in range(3))
            beats = trace.data[info.name]
            if row == 0 or not np.array_equal(beats[row], beats[row - 1]):
                yield f"b{int.from_bytes(beats[row].tobytes(), 'little'):b} {data}\n"
            for identifier, levels in ((valid, trace.valid[info.name]), (ready, trace.ready[info.name])):
                if row == 0 or levels[row] != levels[row - 1]:
                    yield f"{int(levels[row])}{identifier}\n"
        yield f"#{start + _PERIOD_NS // 2}\n0{_identifier(0)}\n"
    yield f"#{(trace.first_cycle + rows) * _PERIOD_NS}\n"


def _identifier(number: int) -> str:
    """VCD's short names: printable characters, least significant digit first."""
    digits = ""
    while True:
        number, digit = divmod(number, 94)
        digits += chr(33 + digit)
        if number == 0:
            return digits
        number -= 1
