# SPDX-License-Identifier: Apache-2.0
"""A small layered graph, drawn well: order within each layer by barycentres, positions in straight lanes.

For graphs of at most a few dozen points, every link of which joins two neighbouring layers. The order is that of
Sugiyama, Tagawa and Toda (1981); lanes are a simple form of the vertical alignment of Brandes and Koepf (2001).
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import TypeVar

Point = TypeVar("Point", bound=Hashable)

ORDER_SWEEPS = 12


def ordered(rows: Sequence[Sequence[Point]], links: Sequence[tuple[Point, Point]]) -> list[list[Point]]:
    """The rows, each sorted by the barycentres of its neighbours, down and up in turn; fewest crossings win.

    `links` go from a point of a row to one of the next row.
    """
    above = _neighbours((b, a) for a, b in links)
    below = _neighbours(links)
    current = [list(row) for row in rows]
    best, fewest = [list(row) for row in rows], crossings(rows, links)
    for sweep in range(ORDER_SWEEPS):
        if sweep % 2 == 0:
            for before, row in pairwise(current):
                _sort(row, before, above)
        else:
            for before, row in pairwise(reversed(current)):
                _sort(row, before, below)
        found = crossings(current, links)
        if found < fewest:
            best, fewest = [list(row) for row in current], found
    return best


def crossings(rows: Sequence[Sequence[Point]], links: Sequence[tuple[Point, Point]]) -> int:
    """How many pairs of links cross, in the given order of the rows."""
    below = _neighbours(links)
    total = 0
    for upper, lower in pairwise(rows):
        spot = {point: index for index, point in enumerate(lower)}
        ends = [(index, spot[b]) for index, a in enumerate(upper) for b in below.get(a, [])]
        total += sum((a - c) * (b - d) < 0 for index, (a, b) in enumerate(ends) for c, d in ends[:index])
    return total


def positions(
    rows: Sequence[Sequence[Point]],
    links: Sequence[tuple[Point, Point]],
    width: Callable[[Point], float],
    gap: float,
    rank: Callable[[Point, Point], int],
) -> dict[Point, float]:
    """The centre of every point along its row, in the given order and never nearer than widths and `gap` allow.

    Linked points stand in one straight lane where they can; of links that compete, those of the lowest `rank` win.
    """
    lane = _lanes(rows, links, rank)
    apart: dict[tuple[Point, Point], float] = {}
    for row in rows:
        for a, b in pairwise(row):
            needed = (width(a) + width(b)) / 2 + gap
            apart[lane[a], lane[b]] = max(needed, apart.get((lane[a], lane[b]), 0.0))
    before = _neighbours((b, a) for a, b in apart)
    after = _neighbours(apart)
    order = list(TopologicalSorter({point: before.get(point, []) for point in lane.values()}).static_order())
    left: dict[Point, float] = {}
    for point in order:
        left[point] = max((left[a] + apart[a, point] for a in before.get(point, [])), default=0.0)
    right: dict[Point, float] = {}
    for point in reversed(order):
        right[point] = min((right[b] - apart[point, b] for b in after.get(point, [])), default=max(left.values()))
    # Both ends of a lane's freedom keep every distance, so their middle does too.
    return {point: (left[of] + right[of]) / 2 for point, of in lane.items()}


def _lanes(
    rows: Sequence[Sequence[Point]], links: Sequence[tuple[Point, Point]], rank: Callable[[Point, Point], int]
) -> dict[Point, Point]:
    """The first point of each point's lane. Chosen links do not cross, so lanes keep the same order in every row."""
    below = _neighbours(links)
    lane: dict[Point, Point] = {point: point for row in rows for point in row}
    for upper, lower in pairwise(rows):
        spot = {point: index for index, point in enumerate(lower)}
        found = [(rank(a, b), index, spot[b]) for index, a in enumerate(upper) for b in below.get(a, [])]
        chosen: list[tuple[int, int]] = []
        for _, a, b in sorted(found):
            if all((a - c) * (b - d) > 0 for c, d in chosen):
                chosen.append((a, b))
                lane[lower[b]] = lane[upper[a]]
    return lane


def _neighbours(links: Iterable[tuple[Point, Point]]) -> dict[Point, list[Point]]:
    found: dict[Point, list[Point]] = {}
    for a, b in links:
        found.setdefault(a, []).append(b)
    return found


def _sort(row: list[Point], beside: Sequence[Point], neighbours: Mapping[Point, Sequence[Point]]) -> None:
    spot = {point: float(index) for index, point in enumerate(beside)}
    own = {point: float(index) for index, point in enumerate(row)}
    row.sort(key=lambda point: _mean([spot[near] for near in neighbours.get(point, ())] or [own[point]]))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
