# SPDX-License-Identifier: Apache-2.0
"""hwf_tlast, for all inputs, stalls and times; and two mistakes that the proof finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from .prove import Proof, prove

RTL = Path(__file__).resolve().parents[2] / "hwflow" / "hw" / "rtl" / "hwf_tlast.sv"
PROPERTIES = Path(__file__).with_name("properties")
PARTS = ("reset_once", "any_source", "stream_rules", "prove_tlast")


def proof(module: Path, width: int, beats: int) -> Proof:
    sources = [*(PROPERTIES / f"{part}.sv" for part in PARTS), module]
    return prove("prove_tlast", sources, {"WIDTH": width, "BEATS": beats})


@pytest.mark.parametrize("width,beats", [(1, 1), (1, 2), (2, 3), (3, 8), (1, 13)])
def test_tlast(width: int, beats: int) -> None:
    assert proof(RTL, width, beats).broken is None


@pytest.mark.parametrize(
    "right,wrong",
    [
        ("in0_V_TVALID && out0_V_TREADY", "in0_V_TVALID"),  # counts beats that wait
        ("out0_V_TLAST ? '0 : beat + 1'b1", "beat + 1'b1"),  # counts on where BEATS is no power of two
    ],
)
def test_a_mistake_is_found(tmp_path: Path, right: str, wrong: str) -> None:
    text = RTL.read_text()
    assert text.count(right) == 1
    mistaken = tmp_path / RTL.name
    mistaken.write_text(text.replace(right, wrong))
    assert "in_its_place" in str(proof(mistaken, 2, 3).broken)
