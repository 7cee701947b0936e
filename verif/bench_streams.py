# SPDX-License-Identifier: Apache-2.0
"""What stream operators of typical sizes cost, measured by Yosys.

    python verif/bench_streams.py [WORD...]

prints a table of the rows whose modules' names contain one of the words, or of all. LUTs are LUT1 to LUT6 and those used as
memory or shift register (RAM32M and RAM64M count 4), "Yosys, before place and route".
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hwflow.synth.resources import Resources
from hwflow.synth.yosys import Job, synthesise_all

RTL = Path(__file__).resolve().parents[1] / "hwflow" / "hw" / "rtl"


@dataclass(frozen=True)
class Row:
    """A module and its parameters, with the LUTs and half block RAMs that it may take at most."""

    module: str
    what: str
    parameters: Mapping[str, int | str]
    lut: int
    half_blocks: int = 0


def window(size: int, kernel: int, stride: int, c: int, simd: int, **more: int | str) -> dict[str, int | str]:
    """A square map with as much padding on each side as keeps its size at stride 1."""
    pads = {side: kernel // 2 for side in ("PAD_T", "PAD_L", "PAD_B", "PAD_R")}
    sizes = {"H": size, "W": size, "KH": kernel, "KW": kernel, "STRIDE": stride}
    return {"BITS": 1, "C": c, "SIMD": simd, **sizes, **pads, **more}


def fifo(width: int, depth: int, lut: int, half_blocks: int = 0) -> Row:
    return Row("hwf_fifo", f"{width} x {depth}", {"WIDTH": width, "DEPTH_BEATS": depth}, lut, half_blocks)


ROWS: tuple[Row, ...] = (
    Row("hwf_swg", "3x3, 28x28, 24 x 1 bit, SIMD 24", window(28, 3, 1, 24, 24), 95),
    Row("hwf_swg", "3x3, 14x14, 96 x 1 bit, SIMD 96", window(14, 3, 1, 96, 96), 120),
    Row("hwf_swg", "3x3, 14x14, 96 x 1 bit, SIMD 32", window(14, 3, 1, 96, 32), 80, 1),
    Row("hwf_swg", "5x5 / 2, 56x56, 24 x 1 bit, SIMD 24", window(56, 5, 2, 24, 24), 85, 1),
    Row("hwf_swg", "9x9 / 2, 224x224, 1 x 8 bit", window(224, 9, 2, 1, 1, BITS=8), 100, 1),
    Row(
        "hwf_swg",
        "3x3 / 2 depthwise, 112x112, 24 x 6 bit, SIMD 1",
        window(112, 3, 2, 24, 1, BITS=6, DEPTHWISE=1),
        115,
        3,
    ),
    Row("hwf_swg", "1x1 / 2, 56x56, 24 x 6 bit, SIMD 4", window(56, 1, 2, 24, 4, BITS=6), 21),
    *(fifo(1, 1, 1), fifo(8, 1, 1), fifo(96, 1, 1)),
    *(fifo(1, 2, 4), fifo(6, 2, 8), fifo(8, 2, 11), fifo(24, 2, 21), fifo(96, 2, 69)),
    *(fifo(6, 16, 15), fifo(24, 32, 28), fifo(24, 64, 48), fifo(6, 128, 40)),
    *(fifo(24, 512, 46, 1), fifo(6, 2000, 32, 1), fifo(48, 512, 70, 2)),
    Row("hwf_width", "24 -> 8", {"IN_WIDTH": 24, "OUT_WIDTH": 8}, 12),
    Row("hwf_width", "8 -> 24", {"IN_WIDTH": 8, "OUT_WIDTH": 24}, 7),
    Row("hwf_width", "96 -> 1", {"IN_WIDTH": 96, "OUT_WIDTH": 1}, 48),
    Row("hwf_width", "1 -> 24", {"IN_WIDTH": 1, "OUT_WIDTH": 24}, 11),
    Row("hwf_fork", "8 to two", {"WIDTH": 8, "COPIES": 2}, 3),
    Row("hwf_fork", "24 to three", {"WIDTH": 24, "COPIES": 3}, 5),
    Row("hwf_split", "24 + 24 x 6 bit, PE 2", {"BITS": 6, "PE": 2, "C0": 24, "C1": 24}, 9),
    Row("hwf_concat", "24 + 24 x 6 bit, PE 2", {"BITS": 6, "PE": 2, "C0": 24, "C1": 24}, 23),
    Row("hwf_interleave", "6 bit, PE 2", {"BITS": 6, "PE": 2}, 4),
    Row("hwf_add", "3 + 6 -> 6 bit", {"IBITS0": 3, "IBITS1": 6, "OBITS": 6}, 15),
    Row("hwf_add", "6 + 6 -> 6 bit, PE 4", {"PE": 4, "IBITS0": 6, "IBITS1": 6, "OBITS": 6}, 50),
    Row("hwf_max", "9 x 6 bit", {"BITS": 6, "SIGNED": 1, "WINDOW": 9}, 14),
    Row("hwf_max", "9 x 1 bit, PE 4", {"PE": 4, "WINDOW": 9}, 11),
    Row("hwf_accumulate", "1024 x 4 bit, 49 pixels", {"C": 1024, "IBITS": 4, "OBITS": 10, "PIXELS": 49}, 16, 1),
    Row("hwf_accumulate", "64 x 4 bit, 49 pixels", {"C": 64, "IBITS": 4, "OBITS": 10, "PIXELS": 49}, 40),
    Row("hwf_top1", "6 x 20 bit", {"C": 6, "BITS": 20, "OBITS": 8}, 23),
)


def measure(rows: Sequence[Row]) -> list[Resources]:
    """Synthesises each row for a 7-series device, many in a Yosys session."""
    jobs = {str(i): Job(row.module, (RTL / f"{row.module}.sv",), row.parameters) for i, row in enumerate(rows)}
    found = synthesise_all(jobs)
    return [found[name] for name in jobs]


def main(words: list[str]) -> None:
    rows = [row for row in ROWS if not words or any(word in row.module for word in words)]
    sys.stdout.write(f"{'module':<16}{'':<48}{'LUT':>5}{'of these memory':>17}{'FF':>6}{'BRAM36':>8}\n")
    for row, found in zip(rows, measure(rows), strict=True):
        logic = sum(number for cell, number in found.cells.items() if cell.startswith("LUT"))
        blocks = f"{found.bram36:g}" if found.bram36 else "-"
        sys.stdout.write(
            f"{row.module:<16}{row.what:<48}{found.lut:>5}{found.lut - logic:>17}{found.ff:>6}{blocks:>8}\n"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
