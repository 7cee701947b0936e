# SPDX-License-Identifier: Apache-2.0
"""Geometry of the plot "speed against resources": predicted shares of the board over frames a second, in logarithms,
and beside them what this build was measured to take.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log

from hwflow.report.findings import RESOURCES
from hwflow.report.numbers import GROUP, count, percent, short, ticks
from hwflow.report.pace import speed_of
from hwflow.report.schema import Cost, CurvePoint, Report

DRAWN = ("lut", "bram36", "uram", "dsp")
WIDTH, HEIGHT = 760.0, 370.0
LEFT, RIGHT, TOP, BOTTOM = 56.0, 82.0, 40.0, 48.0
# Shares above it would flatten all that matters: their marks stay at the upper edge.
HIGHEST_SHARE = 1.6
MARGIN = 1.12  # of the axis' speeds, on both sides
LABEL_PITCH = 16.0
CHARACTER_WIDTH = 7.2


@dataclass(frozen=True)
class Spot:
    """What one folding takes of one resource.

    `style` is "fits", "over" (does not fit the board), "short" (nothing reaches its speed: it stands at the highest) or
    "measured"; `above` is true where its share lies above the plot.
    """

    x: float
    y: float
    style: str
    above: bool
    tip: str


@dataclass(frozen=True)
class Piece:
    """A line from one prediction to the next; `over`: it leads to one that does not fit."""

    path: str
    over: bool


@dataclass(frozen=True)
class Line:
    """One resource: predictions in rising speed, and this build's own mark, None where it has no speed."""

    key: str
    label: str
    label_y: float
    pieces: tuple[Piece, ...]
    spots: tuple[Spot, ...]
    measured: Spot | None


@dataclass(frozen=True)
class Tick:
    """Where an axis is marked; `row` is 1 for a label that found no room in row 0, `label` empty where none had room."""

    label: str
    at: float
    row: int = 0


@dataclass(frozen=True)
class Build:
    """Where this build stands on the axis of speeds, and the words beside its line; `anchor` as SVG's text-anchor."""

    x: float
    words: str
    words_x: float
    anchor: str


@dataclass(frozen=True)
class Curve:
    """`whole` is the height of all that the board has."""

    lines: tuple[Line, ...]
    speeds: tuple[Tick, ...]
    shares: tuple[Tick, ...]
    whole: float
    build: Build | None
    label_x: float
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    top: float = TOP
    floor: float = HEIGHT - BOTTOM


@dataclass(frozen=True)
class _Axes:
    """From frames a second and shares of the board to the plot."""

    slow: float
    fast: float
    shares: tuple[float, ...]

    def x(self, speed: float) -> float:
        return round(LEFT + log(speed / self.slow) / log(self.fast / self.slow) * (WIDTH - LEFT - RIGHT), 2)

    def y(self, share: float) -> float:
        full = self.shares[-1]
        return round(HEIGHT - BOTTOM - min(share, full) / full * (HEIGHT - BOTTOM - TOP), 2)


def draw_curve(report: Report) -> Curve | None:
    """The plot, or None where the report has no curve or no board to hold it against."""
    points = sorted(report.curve, key=lambda point: speed_of(report, point))
    costs: list[Cost] = [*points, report.resources]
    budget = {key: report.resources.budget.get(key, 0) for key in DRAWN}
    keys = [key for key in DRAWN if budget[key] and any(getattr(cost, key) for cost in costs)]
    if not points or not keys:
        return None
    measured = report.performance.fps
    speeds = [speed_of(report, point) for point in points] + ([measured] if measured > 0 else [])
    highest = max(getattr(cost, key) / budget[key] for cost in costs for key in keys)
    scale = ticks(max(1.0, min(HIGHEST_SHARE, highest) * 1.02))
    axes = _Axes(min(speeds) / MARGIN, max(speeds) * MARGIN, tuple(scale))
    ends = _spread([axes.y(getattr(points[-1], key) / budget[key]) for key in keys])
    return Curve(
        lines=tuple(_line(report, points, key, axes, end) for key, end in zip(keys, ends, strict=True)),
        speeds=_marked([(point.label, axes.x(speed_of(report, point))) for point in points if point.reached]),
        shares=tuple(Tick(f"{100 * share:.0f}{GROUP}%", axes.y(share)) for share in scale),
        whole=axes.y(1.0),
        build=_build(measured, axes) if measured > 0 else None,
        label_x=axes.x(max(speeds)) + 14,
    )


def _line(report: Report, points: Sequence[CurvePoint], key: str, axes: _Axes, label_y: float) -> Line:
    have = report.resources.budget[key]
    spots = [_predicted(report, point, key, axes) for point in points]
    steps = zip(pairwise(spots), points[1:], strict=True)
    pieces = [Piece(f"M{a.x} {a.y}L{b.x} {b.y}", not point.fits) for (a, b), point in steps]
    speed, used = report.performance.fps, getattr(report.resources, key)
    own = None
    if speed > 0:
        tip = f"this build\nframes a second\t{short(speed)}\n{RESOURCES[key]}, measured\t{_of(used, have)}"
        own = Spot(axes.x(speed), axes.y(used / have), "measured", used / have > axes.shares[-1], tip)
    return Line(key, RESOURCES[key], label_y, tuple(pieces), tuple(spots), own)


def _predicted(report: Report, point: CurvePoint, key: str, axes: _Axes) -> Spot:
    used, have = getattr(point, key), report.resources.budget[key]
    speed = speed_of(report, point)
    lines = [
        f"--fps {point.label}",
        f"frames a second\t{short(speed)}" if point.reached else f"not reached, at most\t{short(speed)} fps",
        f"slowest node\t{count(point.bound_cycles)} cycles",
        f"{RESOURCES[key]}, predicted\t{_of(used, have)}",
        f"fits the board\t{'yes' if point.fits else 'no'}",
    ]
    style = "fits" if point.fits else "over" if point.reached else "short"
    return Spot(axes.x(speed), axes.y(used / have), style, used / have > axes.shares[-1], "\n".join(lines))


def _of(used: float, have: float) -> str:
    return f"{count(used)} of {count(have)}, {percent(used / have)}"


def _build(speed: float, axes: _Axes) -> Build:
    """Words stand on the side that has more room."""
    x = axes.x(speed)
    late = x > (LEFT + WIDTH - RIGHT) / 2
    words = f"this build: {short(speed)} fps, measured"
    return Build(x, words, round(x + (-7 if late else 7), 2), "end" if late else "start")


def _marked(labels: Sequence[tuple[str, float]]) -> tuple[Tick, ...]:
    """Labels from left to right, each in the first of two rows where it touches none before it."""
    free = [0.0, 0.0]
    found = []
    for label, x in labels:
        half = (len(label) + 1) * CHARACTER_WIDTH / 2
        row = next((row for row in (0, 1) if x - half >= free[row]), None)
        if row is not None:
            free[row] = x + half
        found.append(Tick("" if row is None else label, x, row or 0))
    return tuple(found)


def _spread(heights: Sequence[float]) -> list[float]:
    """The heights moved down as far as labels need it, and up again where they would leave the plot."""
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    placed = list(heights)
    for above, index in pairwise(order):
        placed[index] = max(placed[index], placed[above] + LABEL_PITCH)
    excess = max(0.0, placed[order[-1]] - (HEIGHT - BOTTOM))
    return [round(height - excess, 2) for height in placed]
