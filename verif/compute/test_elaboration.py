# SPDX-License-Identifier: Apache-2.0
"""Both tools take every compute module, without a warning of Verilator's, and refuse parameters that do not fit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hwflow.errors import BuildFailed
from hwflow.sim import verilate
from hwflow.synth import yosys
from hwflow.verilog import literal

from .variants import SOURCES, primitives

CASES: list[tuple[str, dict[str, int | str]]] = [
    ("hwf_at_least", {"BITS": 9}),
    ("hwf_at_least", {"BITS": 9, "DEPTH": 6}),
    ("hwf_at_least", {"BITS": 9, "DEPTH": 24}),
    ("hwf_at_least", {"BITS": 9, "DEPTH": 70}),
    ("hwf_affine", {"C": 2, "PE": 1, "MBITS": 4, "MLO": "8'h21", "MHI": "8'h44"}),
    ("hwf_agree_carry", {"WIDTH": 3}),
    ("hwf_affine", {}),
    ("hwf_affine", {"PE": 24, "OSIGNED": 0}),
    ("hwf_bias", {"BIAS": -4}),
    ("hwf_bias", {"BIAS": 3, "OBITS": 5}),
    ("hwf_carry_chain", {"WIDTH": 9}),
    ("hwf_even_steps", {}),
    ("hwf_even_steps", {"FOLDS": 1, "FRAC": 0, "COUNT_BITS": 2}),
    ("hwf_even_steps", {"FOLDS": 24, "BENT": 1, "JBITS": 5}),
    ("hwf_even_steps", {"FOLDS": 100, "BENT": 1, "JBITS": 5, "STYLE": "block"}),
    ("hwf_line", {}),
    ("hwf_line", {"PE": 24, "KNEE": 1, "STYLE": "block", "ISIGNED": 0, "OSIGNED": 0}),
    ("hwf_line_end", {}),
    ("hwf_lookup", {"DEPTH": 1, "WIDTH": 2}),
    ("hwf_lookup", {"DEPTH": 700, "WIDTH": 2}),
    ("hwf_lookup", {"DEPTH": 3, "WIDTH": 3, "INIT": "9'h0f5"}),
    ("hwf_mvu_binary", {}),
    ("hwf_mvu_binary", {"MW": 1, "MH": 1, "SIMD": 1, "PE": 1}),
    ("hwf_mvu_binary", {"MH": 36, "THRESHOLD": 0, "OBITS": 9}),
    ("hwf_mvu_binary", {"MW": 72, "MH": 48, "PE": 2, "ABITS": 4, "ASIGNED": 1, "WSTYLE": "block", "BSTYLE": "block"}),
    ("hwf_mvu_int", {}),
    ("hwf_dot_pair", {}),
    ("hwf_dot_pair", {"LOW_BITS": 14, "LEAST": 1}),
    ("hwf_dot_pair", {"LOW_BITS": 18}),
    ("hwf_dot_row", {}),
    ("hwf_dot_row", {"MULTIPLIER": "lut"}),
    ("hwf_mvu_int", {"MH": 4, "PE": 4, "SIMD": 1, "WSTYLE": "block"}),
    ("hwf_mvu_int", {"MULTIPLIER": "lut"}),
    ("hwf_product", {}),
    ("hwf_product", {"WBITS": 1, "ABITS": 1}),
    ("hwf_product", {"WBITS": 5, "ABITS": 6, "ASIGNED": 1}),
    ("hwf_popcount", {"N": 28}),
    ("hwf_replay", {"STYLE": "block"}),
    ("hwf_replay", {"TIMES": 1}),
    ("hwf_replay", {"WORDS": 1}),
    ("hwf_replay", {"WIDTH": 40, "WORDS": 40}),
    ("hwf_rom", {}),
    ("hwf_rom", {"STYLE": "block"}),
    ("hwf_row_sum", {}),
    ("hwf_row_sum", {"ROWS": 9, "SIGNED": 1}),
    ("hwf_saturate", {}),
    ("hwf_saturate", {"FRAC": 20, "OSIGNED": 0}),
    ("hwf_table", {}),
    ("hwf_table", {"PE": 24, "STYLE": "block"}),
    ("hwf_threshold", {}),
    ("hwf_threshold", {"PE": 24, "STEPS": 5, "BIAS": 3, "ISIGNED": 0}),
    ("hwf_threshold_search", {}),
    ("hwf_threshold_search", {"PE": 24, "STEPS": 1, "STYLE": "block"}),
    ("hwf_weighted_sum", {"TERMS": 3}),
    ("hwf_xnor_count", {"N": 40, "EXTRA": 1}),
    ("hwf_xnor_encode", {"N": 40}),
]

REFUSED = [
    ("hwf_line", {"PE": 7}, "PE=7 must divide C=24"),
    ("hwf_mvu_binary", {"SIMD": 25}, "SIMD=25 must divide MW=216"),
    ("hwf_mvu_binary", {"PE": 5}, "PE=5 must divide MH=24"),
    ("hwf_mvu_binary", {"OBITS": 2}, "OBITS=2 must be 1 with a threshold and 2 to 32 without"),
    ("hwf_mvu_int", {"SIMD": 5}, "SIMD=5 must divide MW=27"),
    ("hwf_mvu_int", {"PE": 3}, "PE=3 must divide MH=8"),
    ("hwf_mvu_int", {"MULTIPLIER": "fabric"}, "MULTIPLIER=fabric must be dsp or lut"),
    ("hwf_threshold", {"PE": 5}, "PE=5 must divide C=24"),
    ("hwf_threshold", {"EVEN": 1, "STEPS": 5}, "STEPS=5 must be 3, 7, 15, ... with EVEN=1"),
    ("hwf_threshold", {"EVEN": 1, "CENTERS": "1"}, "CENTERS and DISTANCES are not those of THRESHOLDS"),
    ("hwf_threshold_search", {"PE": 7}, "PE=7 must divide C=24"),
    ("hwf_affine", {"PE": 9}, "PE=9 must divide C=24"),
    ("hwf_table", {"PE": 5}, "PE=5 must divide C=24"),
    ("hwf_rom", {"STYLE": "ultra"}, "STYLE=ultra must be lut or block"),
]


def words(parameters: dict[str, int | str]) -> list[str]:
    return [f"-G{name}={literal(value)}" for name, value in parameters.items()]


def quoted(word: str) -> str:
    escaped = word.replace('"', '\\"')
    return f'"{escaped}"'


@pytest.mark.parametrize(("module", "parameters"), CASES)
def test_lint(work: Path, module: str, parameters: dict[str, int | str]) -> None:
    root = verilate.verilator_root()
    command = [str(root / "bin" / "verilator_bin"), "--lint-only", "-Wall", "--no-timing", "--top-module", module]
    for first in ([], [primitives(work)]):
        files = [str(path) for path in (*first, *SOURCES)]
        environment = {**os.environ, "VERILATOR_ROOT": str(root)}
        result = subprocess.run(
            [*command, *words(parameters), *files], capture_output=True, text=True, check=False, env=environment
        )
        assert result.returncode == 0, result.stderr


def test_slang_reads_all(tmp_path: Path) -> None:
    """In one process, as reading takes no time but starting does."""
    script = ["from pyosys import libyosys as ys", "design = ys.Design()"]
    for index, (module, parameters) in enumerate(CASES):
        (tmp_path / f"{index}.f").write_text(
            "\n".join(
                [
                    f"--top {module} --ignore-timing --allow-use-before-declare",
                    *(f"-G {quoted(f'{name}={literal(value)}')}" for name, value in parameters.items()),
                    *(str(path) for path in SOURCES),
                ]
            )
        )
        script += [
            f"ys.run_pass('read_slang -f {index}.f', design)",
            f"ys.run_pass('rename {module} m{index}', design)",
        ]
    result = subprocess.run(
        [sys.executable, "-c", "\n".join(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, [line for line in result.stdout.splitlines() if "ERROR" in line]


@pytest.mark.parametrize(("module", "parameters", "message"), REFUSED)
def test_verilator_refuses(tmp_path: Path, module: str, parameters: dict[str, int | str], message: str) -> None:
    with pytest.raises(BuildFailed, match=message):
        verilate.build(module, SOURCES, tmp_path, parameters)


@pytest.mark.parametrize(("module", "parameters", "message"), REFUSED)
def test_yosys_refuses(module: str, parameters: dict[str, int | str], message: str) -> None:
    with pytest.raises(BuildFailed, match=message):
        yosys.synthesise(module, SOURCES, parameters)
