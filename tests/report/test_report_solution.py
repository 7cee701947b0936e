# SPDX-License-Identifier: Apache-2.0
"""solution.json: what the folding solver leaves for the report, and what is named where it is broken."""

import json
from pathlib import Path
from typing import Any

import pytest

from hwflow.errors import UserError
from hwflow.report.files import read_solution
from hwflow.report.schema import Cost, CurvePoint, NextStep

CONTENT: dict[str, Any] = {
    "prediction": {"lut": 39_000, "ff": 25_000, "bram36": 110.5, "uram": 0, "dsp": 60},
    "binds": "lut",
    "curve": [
        {"fps": 30.0, "cycles": 3266666, "bound_cycles": 3200000, "lut": 30000, "ff": 20000, "bram36": 100.0, "uram": 0,
         "dsp": 20, "fits": True, "label": "30"},
        {"fps": 1000.0, "cycles": 98000, "bound_cycles": 131072, "lut": 90000, "ff": 70000, "bram36": 300.5, "uram": 0,
         "dsp": 250, "fits": False, "reached": False, "label": "1000"},
    ],
    "next_step": {"fps": 231.0, "bound_cycles": 423000, "lut": 310, "ff": -120, "bram36": -0.5, "uram": 0, "dsp": 4,
                  "nodes": ["stem_conv"]},
}  # fmt: skip


def test_a_solution_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "solution.json").write_text(json.dumps(CONTENT))
    solution = read_solution(tmp_path)
    assert solution is not None
    assert solution.prediction == Cost(lut=39_000, ff=25_000, bram36=110.5, dsp=60)
    assert solution.binds == "lut"
    assert [(point.label, point.reached) for point in solution.curve] == [("30", True), ("1000", False)]
    assert solution.curve[0] == CurvePoint(
        fps=30, cycles=3266666, bound_cycles=3200000, lut=30000, ff=20000, bram36=100, dsp=20, fits=True, label="30"
    )
    assert solution.next_step == NextStep(
        fps=231, bound_cycles=423000, lut=310, ff=-120, bram36=-0.5, dsp=4, nodes=("stem_conv",)
    )


def test_a_solver_that_knows_little(tmp_path: Path) -> None:
    (tmp_path / "solution.json").write_text('{"prediction": {"lut": 7}, "binds": "", "curve": [], "next_step": null}')
    solution = read_solution(tmp_path)
    assert solution is not None
    assert (solution.binds, solution.curve, solution.next_step) == ("", (), None)


def test_a_build_without_a_solution(tmp_path: Path) -> None:
    assert read_solution(tmp_path) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prediction": {"lut": -1}}, "prediction.lut: input should be greater than or equal to 0"),
        ({"binds": "luts"}, "binds: input should be 'lut'"),
        ({"curve": [{"fps": 0}]}, "curve.0.fps: input should be greater than 0"),
        ({"next_step": {"fps": 9.0}}, "next_step.bound_cycles: field required"),
    ],
)
def test_a_bad_value_is_named(tmp_path: Path, change: dict[str, object], words: str) -> None:
    path = tmp_path / "solution.json"
    path.write_text(json.dumps(CONTENT | change))
    with pytest.raises(UserError) as caught:
        read_solution(tmp_path)
    assert f"{path}: {words}" in str(caught.value)
    assert "run hwflow build again" in str(caught.value)


@pytest.mark.parametrize(("text", "words"), [("[]", "valid dictionary"), ("{", "not JSON at line 1"), ("", "not JSON")])
def test_what_is_no_solution_is_told_so(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "solution.json"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_solution(tmp_path)
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)
