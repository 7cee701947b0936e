# SPDX-License-Identifier: Apache-2.0
"""What to change where a design does not fit its board, in whole sentences."""

from collections.abc import Callable, Sequence
from math import ceil
from typing import TypeVar

from hwflow.report.findings import RESOURCES, Use, uses
from hwflow.report.kinds import op_name
from hwflow.report.numbers import count, percent
from hwflow.report.pace import joined
from hwflow.report.schema import Cost, CurvePoint, Report, cost_by_group, cost_by_op

_REMEDIES = {
    "lut": "move weights to block RAM with ram_style: block in a --target file",
    "ff": "lower PE or SIMD in a --target file",
    "bram36": "move weights or line buffers to LUTs with ram_style: lut in a --target file",
    "uram": "use block RAM instead",
    "dsp": "lower PE or SIMD of the IntegerMVAU nodes in a --target file",
}
_BLOCKS = 2

_Part = TypeVar("_Part", bound=Cost)


def advice(report: Report) -> tuple[str, ...]:
    """A sentence for each resource that is exceeded, then the fastest folding that would fit; nothing where all fit."""
    over = [use for use in uses(report) if use.exceeded]
    if not over:
        return ()
    return (*(_remedy(report, use) for use in over), *_speed(report, [use.key for use in over]))


def expected(report: Report, key: str, point: Cost) -> float:
    """What a point of the curve is likely to take of a resource.

    Where this build took more than was predicted of it, the point is expected to be wrong by the same share.
    """
    said, took = getattr(report.resources.predicted, key, 0), getattr(report.resources, key)
    figure: float = getattr(point, key)
    return figure * max(1.0, took / said) if said else figure


def fastest_that_fits(report: Report) -> CurvePoint | None:
    """The fastest point of the curve that is slower than this build and expected to fit the board."""
    budget = report.resources.budget
    fitting = [
        point
        for point in report.curve
        if point.fits
        and point.reached
        and point.bound_cycles > report.performance.bound_cycles
        and all(expected(report, key, point) <= have for key, have in budget.items() if key in RESOURCES)
    ]
    return max(fitting, key=lambda point: point.fps, default=None)


def _remedy(report: Report, use: Use) -> str:
    layers = report.layers
    groups = _largest(cost_by_group(layers), use, lambda cost: cost.group, _BLOCKS)
    ops = _largest(report.resources.by_op or cost_by_op(layers), use, lambda cost: op_name(cost.op), 1)
    have = use.budget or 0
    takers = f"the block{'s' if len(groups) > 1 else ''} {joined(groups)} and the op {joined(ops)}" if groups else ""
    return (
        f"{count(use.used - have)} {use.label} too many for {report.board} ({count(use.used)} of {count(have)})"
        f"{f'; the largest takers are {takers}' if takers else ''}: {_REMEDIES[use.key]}, ask for fewer --fps, or choose"
        " a larger board."
    )


def _largest(costs: Sequence[_Part], use: Use, name: Callable[[_Part], str], wanted: int) -> list[str]:
    """``stage3 (45.0 %)``: who takes most of a resource, with its share."""
    taking = sorted((cost for cost in costs if getattr(cost, use.key)), key=lambda cost: -getattr(cost, use.key))
    return [f"{name(cost)} ({percent(getattr(cost, use.key) / use.used)})" for cost in taking[:wanted]]


def _speed(report: Report, keys: Sequence[str]) -> list[str]:
    """The fastest folding that would fit, or the least that the slowest takes, in the resources that are exceeded."""
    if not report.curve:
        return []
    point = fastest_that_fits(report)
    if point is not None:
        return [f"--fps {point.label} would fit: {_figures(report, keys, point)}."]
    slowest = min(report.curve, key=lambda point: point.fps)
    return [f"No speed of the curve would fit: --fps {slowest.label} takes {_figures(report, keys, slowest)}."]


def _figures(report: Report, keys: Sequence[str], point: CurvePoint) -> str:
    """``44 100 LUT predicted``, and what this build makes of that where it took more than was predicted."""
    said = joined([f"{count(getattr(point, key))} {RESOURCES[key]}" for key in keys])
    likely = [(key, expected(report, key, point)) for key in keys]
    if all(figure == getattr(point, key) for key, figure in likely):
        return f"{said} predicted"
    more = joined([f"{count(ceil(figure))} {RESOURCES[key]}" for key, figure in likely])
    return f"{said} predicted, {more} if it comes out as far above that as this build did"
