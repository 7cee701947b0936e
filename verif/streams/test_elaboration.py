# SPDX-License-Identifier: Apache-2.0
"""Both tools take every stream operator, without a warning of Verilator's, and refuse parameters that do not fit."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from hwflow.errors import BuildFailed
from hwflow.hw.ops.base import leaf_sources
from hwflow.sim import verilate
from hwflow.verilog import literal

from .bench import SIM_MODELS

Parameters = Mapping[str, int | str]

PAD = {"PAD_T": 1, "PAD_L": 1, "PAD_B": 1, "PAD_R": 1}
CASES: list[tuple[str, Parameters]] = [
    ("hwf_accumulate", {}),
    ("hwf_accumulate", {"C": 6, "PE": 2, "IBITS": 3, "ISIGNED": 1, "PIXELS": 5}),
    ("hwf_accumulate", {"C": 6, "PIXELS": 5, "STYLE": "block"}),
    ("hwf_add", {}),
    ("hwf_add", {"PE": 3, "IBITS0": 3, "OBITS": 12}),
    ("hwf_concat", {}),
    ("hwf_concat", {"BITS": 3, "PE": 2, "C0": 6, "C1": 4}),
    ("hwf_fifo", {}),
    ("hwf_fifo", {"WIDTH": 9, "DEPTH_BEATS": 1}),
    ("hwf_fifo", {"WIDTH": 1, "DEPTH_BEATS": 33}),
    ("hwf_fifo", {"WIDTH": 7, "DEPTH_BEATS": 1}),
    ("hwf_fifo", {"WIDTH": 24, "DEPTH_BEATS": 1, "STYLE": "block"}),
    ("hwf_fifo", {"WIDTH": 40, "DEPTH_BEATS": 9, "STYLE": "lut"}),
    ("hwf_fifo", {"WIDTH": 24, "DEPTH_BEATS": 2, "STYLE": "block"}),
    ("hwf_fifo", {"WIDTH": 24, "DEPTH_BEATS": 1000}),
    ("hwf_fork", {}),
    ("hwf_fork", {"COPIES": 1}),
    ("hwf_interleave", {}),
    ("hwf_interleave", {"BITS": 6, "PE": 3}),
    ("hwf_max", {}),
    ("hwf_max", {"PE": 2, "BITS": 6, "SIGNED": 1, "WINDOW": 1}),
    ("hwf_signs", {}),
    ("hwf_signs", {"PE": 5}),
    ("hwf_split", {}),
    ("hwf_split", {"BITS": 3, "PE": 2, "C0": 6, "C1": 4}),
    ("hwf_swg", {}),
    ("hwf_swg", {"KH": 1, "KW": 1, "STRIDE": 2, "H": 7, "C": 4, "SIMD": 2}),
    ("hwf_swg", {"BITS": 6, "C": 24, "H": 28, "W": 30, "STRIDE": 2, "DEPTHWISE": 1, "PAD_CODE": "6'h20", **PAD}),
    ("hwf_swg", {"C": 24, "SIMD": 24, "H": 14, "W": 14, "STYLE": "block", **PAD}),
    ("hwf_swg", {"H": 1, "W": 1, "PAD_T": 2, "PAD_R": 2}),
    ("hwf_swg", {"KH": 1, "KW": 2, "H": 9, "STRIDE": 4, "PAD_L": 1}),
    ("hwf_swg", {"KW": 1, "H": 9, "STRIDE": 2, "STRIDE_X": 1, "PAD_T": 1}),
    ("hwf_row_window", {}),
    ("hwf_row_window", {"WIDTH": 3, "KW": 1, "STRIDE": 2}),
    ("hwf_row_window", {"WIDTH": 72, "W": 224, "KW": 9, "STRIDE": 2, "PAD_L": 4, "PAD_R": 4}),
    ("hwf_column_window", {}),
    ("hwf_column_window", {"H": 224, "W": 224, "KH": 9, "STRIDE": 2, "PAD_T": 4, "PAD_B": 4}),
    ("hwf_swg_row", {}),
    ("hwf_swg_row", {"C": 3, "H": 32, "W": 30, "PAD_CODE": "8'h80", **PAD}),
    ("hwf_swg_whole", {}),
    ("hwf_swg_whole", {"C": 3, "H": 32, "W": 30, "STRIDE": 2, "PAD_CODE": "8'h80", **PAD}),
    ("hwf_top1", {}),
    ("hwf_top1", {"C": 9, "PE": 3, "OBITS": 4, "SIGNED": 0}),
    ("hwf_width", {}),
    ("hwf_width", {"IN_WIDTH": 24}),
    ("hwf_width", {"OUT_WIDTH": 24}),
]

REFUSED: list[tuple[str, Parameters, str]] = [
    ("hwf_accumulate", {"C": 6, "PE": 4}, "PE=4 must divide C=6"),
    ("hwf_accumulate", {"IBITS": 9}, "OBITS=8 must be at least IBITS=9"),
    ("hwf_accumulate", {"PIXELS": 0}, "PIXELS=0 must be at least 1"),
    ("hwf_accumulate", {"STYLE": "ultra"}, "STYLE=ultra must be auto, lut or block"),
    ("hwf_add", {"OBITS": 1}, "OBITS=1 must be at least 2"),
    ("hwf_concat", {"PE": 2, "C0": 4, "C1": 3}, "PE=2 must divide C0=4 and C1=3"),
    ("hwf_fifo", {"DEPTH_BEATS": 0}, "DEPTH_BEATS=0 must be at least 1"),
    ("hwf_fifo", {"STYLE": "bram"}, "STYLE=bram must be auto, lut or block"),
    ("hwf_fork", {"COPIES": 0}, "COPIES=0 must be at least 1"),
    ("hwf_interleave", {"PE": 0}, "PE=0 must be at least 1"),
    ("hwf_max", {"WINDOW": 0}, "WINDOW=0 must be at least 1"),
    ("hwf_signs", {"PE": 0}, "PE=0 must be at least 1"),
    ("hwf_split", {"PE": 2, "C0": 3, "C1": 4}, "PE=2 must divide C0=3 and C1=4"),
    ("hwf_swg", {"C": 4, "SIMD": 3}, "SIMD=3 must divide C=4"),
    ("hwf_swg", {"STRIDE": -1}, "STRIDE=-1 and STRIDE_X=-1 must be at least 1"),
    ("hwf_row_window", {"PAD_L": 3}, "PAD_L=3 and PAD_R=0 must be from 0 to KW - 1, KW=3"),
    ("hwf_row_window", {"W": 1}, "W=1 with PAD_L=0 and PAD_R=0 holds no window of KW=3 words"),
    ("hwf_column_window", {"KH": 1}, "PAD_T=0 and PAD_B=0 must be from 0 to KH - 1, and KH=1 at least 2"),
    ("hwf_column_window", {"W": 1}, "W=1 must be at least 2"),
    ("hwf_column_window", {"H": 2}, "H=2 with PAD_T=0 and PAD_B=0 holds no window of KH=3 rows"),
    ("hwf_swg", {"PAD_T": 3}, "PAD_T=3 and PAD_B=0 must be from 0 to KH - 1, KH=3"),
    ("hwf_swg", {"PAD_R": 3}, "PAD_L=0 and PAD_R=3 must be from 0 to KW - 1, KW=3"),
    ("hwf_swg", {"H": 2}, "H=2 with PAD_T=0 and PAD_B=0 holds no window of KH=3 rows"),
    ("hwf_swg", {"W": 2}, "W=2 with PAD_L=0 and PAD_R=0 holds no window of KW=3 columns"),
    ("hwf_swg", {"STYLE": "ultra"}, "STYLE=ultra must be auto, lut or block"),
    ("hwf_top1", {"C": 7, "PE": 2, "OBITS": 3}, "PE=2 must divide C=7"),
    ("hwf_top1", {"C": 9, "OBITS": 3}, "OBITS=3 cannot hold an index below C=9"),
    ("hwf_width", {"IN_WIDTH": 24, "OUT_WIDTH": 9}, "one of IN_WIDTH=24 and OUT_WIDTH=9 must divide the other"),
]


def case_id(value: object) -> str | None:
    return "-".join(f"{k}={v}" for k, v in value.items()) or "default" if isinstance(value, Mapping) else None


def lint(module: str, parameters: Parameters, *sources: Path) -> None:
    root = verilate.verilator_root()
    command = [str(root / "bin" / "verilator_bin"), "--lint-only", "-Wall", "--no-timing", "--top-module", module]
    words = [f"-G{name}={literal(value)}" for name, value in parameters.items()]
    result = subprocess.run(
        [*command, *words, *map(str, sources)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "VERILATOR_ROOT": str(root)},
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(("module", "parameters"), CASES, ids=case_id)
def test_lint(module: str, parameters: Parameters) -> None:
    lint(module, parameters, *leaf_sources(module))


def test_lint_of_the_gauge() -> None:
    lint("hwf_fifo", {"WIDTH": 12}, SIM_MODELS / "hwf_fifo.sv")


def slang(cases: Sequence[tuple[str, Parameters]], folder: Path) -> str:
    """Read modules in one Yosys process, because starting it is what takes time; returns the errors."""
    script = ["from pyosys import libyosys as ys"]
    for index, (module, parameters) in enumerate(cases):
        arguments = [f"--top {module}", *map(str, leaf_sources(module))]
        for name, value in parameters.items():
            word = f"{name}={literal(value)}".replace('"', '\\"')
            arguments.append(f'-G "{word}"')
        (folder / f"{index}.f").write_text("\n".join(arguments))
        # In a design of its own: modules keep the names of those below them.
        script += ["design = ys.Design()", f"ys.run_pass('read_slang -f {index}.f', design)"]
    command = [sys.executable, "-c", "\n".join(script)]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    errors = [line for line in (result.stdout + result.stderr).splitlines() if "ERROR" in line]
    assert errors or result.returncode == 0, result.stderr
    return "\n".join(errors)


def test_slang_reads_all(tmp_path: Path) -> None:
    assert slang(CASES, tmp_path) == ""


@pytest.mark.parametrize(("module", "parameters", "message"), REFUSED, ids=case_id)
def test_refused(tmp_path: Path, module: str, parameters: Parameters, message: str) -> None:
    with pytest.raises(BuildFailed, match=message):
        verilate.build(module, leaf_sources(module), tmp_path, parameters)
    assert message in slang([(module, parameters)], tmp_path)
