# SPDX-License-Identifier: Apache-2.0
"""What sets a design's pace and what one step more would cost, in words: shared by the page and the terminal."""

from collections.abc import Sequence

from hwflow.report.findings import RESOURCES
from hwflow.report.kinds import kind_of
from hwflow.report.numbers import count, short
from hwflow.report.schema import CurvePoint, Layer, NextStep, Report

_NAMED = 3


def bottleneck_sentence(report: Report) -> str:
    """Which node is the slowest, at which folding, and what limits it; "" where no node has cycles."""
    slowest = report.bottleneck
    if slowest is None:
        return ""
    pace = f"{slowest.name} sets the pace: {count(slowest.cycles)} cycles a frame at {folding(slowest)}"
    return f"{pace}{_equals(report, slowest)}.{_limit(report, slowest)}"


def bottleneck_words(report: Report) -> str:
    """The same in one line, without the node's cycles."""
    slowest = report.bottleneck
    if slowest is None:
        return ""
    limit = {None: "", True: " (its highest)", False: f" ({count(slowest.fastest_cycles or 0)} at its highest)"}
    return f"cycles: {slowest.name} at {folding(slowest)}{limit[at_highest(slowest)]}"


def folding(layer: Layer) -> str:
    """``PE 4 × SIMD 24``"""
    return f"PE {count(layer.pe)} × SIMD {count(layer.simd)}"  # noqa: RUF001


def at_highest(layer: Layer) -> bool | None:
    """Whether no folding makes the layer faster; None where the report does not tell."""
    return None if layer.fastest_cycles is None else layer.fastest_cycles >= layer.cycles


def next_step_sentence(report: Report) -> str:
    """What the next faster folding reaches and costs; "" where the report has no prediction at all."""
    step = report.next_step
    if step is None:
        known = report.resources.predicted is not None or report.curve
        return "The folding solver knows no faster folding of this network." if known else ""
    pace = f"{short(step.fps)} fps ({count(step.bound_cycles)} cycles a frame)"
    return f"One step faster, {pace}, is predicted to take {_cost(step)}{_by(step)}.{_still_fits(report, step)}"


def next_step_words(step: NextStep) -> str:
    """The same in one line, without the speed."""
    return f"fps predicted for {_cost(step)}{_by(step)}"


def _by(step: NextStep) -> str:
    return f", by changing {_listed(step.nodes)}" if step.nodes else ""


def verdict_of(report: Report, point: CurvePoint) -> str:
    """Whether a point of the curve fits the board, what it has too little of, and whether its speed is reached at all."""
    if not point.reached:
        return f"not reached, {short(speed_of(report, point))} at most"
    budget = report.resources.budget
    over = [label for key, label in RESOURCES.items() if key in budget and getattr(point, key) > budget[key]]
    return "fits" if point.fits else f"{joined(over)} exceeded" if over else "does not fit"


def speed_of(report: Report, point: CurvePoint) -> float:
    """Frames a second: as asked, or the highest that the slowest node allows where nothing reaches that."""
    return point.fps if point.reached else report.clock_mhz * 1e6 / point.bound_cycles


def _cost(step: NextStep) -> str:
    differences = [(label, getattr(step, key)) for key, label in RESOURCES.items()]
    more = [f"{count(value)} {label}" for label, value in differences if value > 0]
    less = [f"{count(-value)} {label}" for label, value in differences if value < 0]
    parts = [f"{joined(words)} {sign}" for words, sign in ((more, "more"), (less, "less")) if words]
    return ", ".join(parts) or "nothing more"


def _still_fits(report: Report, step: NextStep) -> str:
    """Whether the step's difference, added to what this design was measured to take, stays within the board."""
    used, budget = report.resources, report.resources.budget
    if not budget or not used.fits:
        return ""
    after = {key: getattr(used, key) + getattr(step, key) for key in RESOURCES}
    over = [
        f"{count(after[key])} {label} of {count(budget[key])}"
        for key, label in RESOURCES.items()
        if key in budget and after[key] > budget[key]
    ]
    return f" It would not fit: {joined(over)}." if over else " It would fit."


def _equals(report: Report, slowest: Layer) -> str:
    """Other nodes that work (FIFOs and width converters pass beats on) and take as long."""
    same = [layer for layer in report.layers if layer.cycles == slowest.cycles and kind_of(layer.op) != "buffer"]
    more = len(same) - 1
    return "" if more < 1 else f", as {'does one other node' if more == 1 else f'do {count(more)} other nodes'}"


def _limit(report: Report, slowest: Layer) -> str:
    highest = at_highest(slowest)
    if highest is None:
        return ""
    if highest:
        return f" That is its highest folding: no folding is faster than this at {short(report.clock_mhz)} MHz."
    return f" Its own folding is the limit: at its highest it would need {count(slowest.fastest_cycles or 0)}."


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:_NAMED])
    more = len(names) - len(shown)
    return joined([*shown, f"{count(more)} more nodes" if more > 1 else "1 more node"] if more else shown)


def joined(words: Sequence[str]) -> str:
    """``a, b and c``"""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
