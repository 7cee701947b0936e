# SPDX-License-Identifier: Apache-2.0
"""Costs of shapes, interpolated between measured ones.

A module's LUTs and flip-flops are a sum of its features with factors of zero or more, fitted to all its measured points;
to that comes what the nearest points took more or less than the sum says. At a measured point the prediction is the measurement.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from hwflow.costs.features import features
from hwflow.costs.memories import block_rams, dsps
from hwflow.costs.shapes import Shape
from hwflow.errors import UserError

POINTS = Path(__file__).with_name("points.json")
REACH = 0.35  # of a point's influence, in doublings of parameters: at this distance it says half of what it could
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cost:
    """LUT and FF before place and route; BRAM in RAMB18, two of which are a BRAM36."""

    lut: float = 0.0
    ff: float = 0.0
    bram18: int = 0
    dsp: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.lut + other.lut, self.ff + other.ff, self.bram18 + other.bram18, self.dsp + other.dsp)


@dataclass(frozen=True)
class Point:
    """A shape that was synthesised, and what it took."""

    shape: Shape
    cost: Cost


class CostModel:
    """Predicts costs from points. Modules without a point are refused by name, for a zero would pass for a bargain."""

    def __init__(self, points: Sequence[Point]) -> None:
        by_module: dict[str, list[Point]] = {}
        for point in points:
            by_module.setdefault(point.shape.module, []).append(point)
        self._modules = {name: _Module(group) for name, group in by_module.items()}
        self._known: dict[Shape, Cost] = {}

    def cost(self, shape: Shape) -> Cost:
        """Raises UserError for a module of which nothing was measured."""
        found = self._known.get(shape)
        if found is None:
            module = self._modules.get(shape.module)
            if module is None:
                raise UserError(f"no cost of {shape.module} was measured; run verif/measure_costs.py")
            found = self._known[shape] = module.cost(shape)
        return found


class _Module:
    def __init__(self, points: Sequence[Point]) -> None:
        self._names = sorted({name for point in points for name in features(point.shape)})
        self._numbers = sorted({n for p in points for n, v in p.shape.parameters if not isinstance(v, str)})
        self._words = sorted({n for p in points for n, v in p.shape.parameters if isinstance(v, str)})
        self._levels = sorted({v for p in points for _, v in p.shape.parameters if isinstance(v, str)})
        self._exact = {point.shape: point.cost for point in points}
        rows = np.array([self._row(point.shape) for point in points])
        self._places = np.array([self._place(point.shape) for point in points])
        self._lut = _Fit(rows, np.array([p.cost.lut for p in points]))
        self._ff = _Fit(rows, np.array([p.cost.ff for p in points]))

    def cost(self, shape: Shape) -> Cost:
        exact = self._exact.get(shape)
        if exact is not None:
            return exact
        row, place = self._row(shape), self._place(shape)
        distance = np.abs(self._places - place).sum(axis=1)
        weight = 1.0 / (1.0 + (distance / REACH) ** 2)
        weight[distance > 4 * REACH] = 0.0
        return Cost(self._lut.at(row, weight), self._ff.at(row, weight), block_rams(shape), dsps(shape))

    def _row(self, shape: Shape) -> Floats:
        found = features(shape)
        return np.array([found.get(name, 0.0) for name in self._names])

    def _place(self, shape: Shape) -> Floats:
        """Where a shape lies among the others: doublings for numbers, far apart for words."""
        words = [10.0 * self._levels.index(w) if (w := shape.word(n)) in self._levels else -10.0 for n in self._words]
        return np.array([*(np.log2(1 + abs(shape.number(name))) for name in self._numbers), *words])


class _Fit:
    """One resource of one module."""

    def __init__(self, rows: Floats, measured: Floats) -> None:
        # Small modules are many: an error counts by its share, those of a few LUTs less.
        scale = 1.0 / (measured + 10.0)
        self._factors, _ = nnls(rows * scale[:, None], measured * scale)
        self._more = np.log((measured + 1.0) / (rows @ self._factors + 1.0))

    def at(self, row: Floats, weight: Floats) -> float:
        total = weight.sum()
        more = float(weight @ self._more) / max(1.0, total)
        return max(0.0, (float(row @ self._factors) + 1.0) * float(np.exp(more)) - 1.0)


@functools.cache
def shipped_model() -> CostModel:
    """The model of the points that come with hwflow, measured for 7 series; other families are near to it."""
    return CostModel(read_points(POINTS))


def read_points(path: Path) -> list[Point]:
    raw = json.loads(path.read_text(encoding="utf-8"))
    return [
        Point(Shape(module, tuple((n, v) for n, v in parameters)), Cost(*cost))
        for module, entries in raw.items()
        for parameters, cost in entries
    ]


def write_points(points: Mapping[Shape, Cost], path: Path) -> None:
    """Points by module, sorted, one a line."""
    modules: dict[str, list[str]] = {}
    for shape, cost in sorted(points.items(), key=lambda item: (item[0].module, str(item[0].parameters))):
        entry = json.dumps([[list(pair) for pair in shape.parameters], list(asdict(cost).values())])
        modules.setdefault(shape.module, []).append(entry)
    text = ",\n".join(f'"{name}": [\n' + ",\n".join(entries) + "\n]" for name, entries in modules.items())
    path.write_text("{\n" + text + "\n}\n", encoding="utf-8")
