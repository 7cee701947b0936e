# SPDX-License-Identifier: Apache-2.0
"""What a report amounts to, in words: shared by the page and the terminal, so that both say the same."""

from dataclasses import dataclass
from typing import Literal

from hwflow.report.numbers import count, percent, short
from hwflow.report.schema import Report

RESOURCES = {"lut": "LUT", "ff": "FF", "bram36": "BRAM36", "uram": "URAM", "dsp": "DSP"}


@dataclass(frozen=True)
class Finding:
    """One sentence to read first. "bad" is what a build fails for, "open" what it left unproven."""

    level: Literal["good", "open", "bad"]
    title: str
    text: str


@dataclass(frozen=True)
class Use:
    """How much of one kind of resource is used; `share` is None where the board has none or its count is not known."""

    key: str
    label: str
    used: float
    budget: float | None

    @property
    def share(self) -> float | None:
        return self.used / self.budget if self.budget else None

    @property
    def exceeded(self) -> bool:
        return self.budget is not None and self.used > self.budget


def uses(report: Report) -> list[Use]:
    """Use of every resource that the board has or the design needs."""
    budget = report.resources.budget
    found = [Use(key, label, getattr(report.resources, key), budget.get(key)) for key, label in RESOURCES.items()]
    return [use for use in found if use.used or use.budget]


def findings(report: Report) -> list[Finding]:
    """Everything that is wrong or open, worst first; one good finding where nothing is."""
    found = [*_differences(report), *_fit(report), *_speed(report)]
    check = report.verification
    if check.frames == 0:
        found.append(Finding("open", "Not simulated", "No tensor was compared with the trained network."))
    if any(finding.level == "bad" for finding in found):
        return sorted(found, key=lambda finding: finding.level != "bad")
    if check.frames:
        text = (
            f"All {count(check.values)} values of {count(check.tensors)} tensors in {count(check.frames)} frames "
            "equal the trained network as integers, without tolerance."
        )
        found.insert(0, Finding("good", "Verified, every tensor exact", text))
    return found


def _differences(report: Report) -> list[Finding]:
    check = report.verification
    if check.mismatches:
        wrong = [stream for stream in check.streams if stream.mismatches]
        where = "; ".join(
            f"{stream.layer}: {count(stream.mismatches)} beats"
            + (f", first at {stream.first_mismatch}" if stream.first_mismatch else "")
            for stream in wrong[:3]
        )
        more = f"; and {len(wrong) - 3} more streams" if len(wrong) > 3 else ""
        title = f"{count(check.mismatches)} beats differ from the trained network"
        named = where or "; ".join(check.problems[:3]) or "No stream is named"
        return [Finding("bad", title, f"{named}{more}.")]
    if check.frames and not check.labels_equal:
        return [Finding("bad", "Labels differ from the trained network", "At least one frame got another class.")]
    return []


def _fit(report: Report) -> list[Finding]:
    over = [
        f"{short(use.used)} {use.label} of {short(use.budget)}, {short(use.used - use.budget)} too many"
        for use in uses(report)
        if use.budget is not None and use.exceeded
    ]
    if report.resources.fits and not over:
        return []
    return [Finding("bad", f"Does not fit the {report.board}", f"{'; '.join(over) or 'A resource is exceeded'}.")]


def _speed(report: Report) -> list[Finding]:
    speed = report.performance
    if speed.target_fps is None or speed.fps >= speed.target_fps:
        return []
    slowest = f" The slowest node is {report.bottleneck.name}." if report.bottleneck else ""
    text = f"{percent(speed.fps / speed.target_fps)} of the asked {short(speed.target_fps)} frames a second.{slowest}"
    return [Finding("bad", f"Slower than asked: {short(speed.fps)} fps", text)]
