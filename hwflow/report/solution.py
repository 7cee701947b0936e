# SPDX-License-Identifier: Apache-2.0
"""solution.json as a frozen model: what the folding solver predicts of its folding, and of slower and faster ones."""

from pathlib import Path
from typing import Literal

from hwflow.report.schema import Cost, CurvePoint, NextStep, Part

FILE_NAME = "solution.json"


class Solution(Part):
    """One run of the solver.

    `prediction` is the whole design at the chosen folding, before synthesis, `binds` the resource nearest to its limit
    ("" if unknown). `curve` holds the cheapest folding at several speeds, `next_step` the next faster one, None if there
    is none.
    """

    prediction: Cost
    binds: Literal["lut", "ff", "bram36", "uram", "dsp", ""] = ""
    curve: tuple[CurvePoint, ...] = ()
    next_step: NextStep | None = None


def solution_path(folder: Path) -> Path:
    """solution.json of a build folder."""
    return folder / FILE_NAME
