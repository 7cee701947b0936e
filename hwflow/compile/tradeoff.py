# SPDX-License-Identifier: Apache-2.0
"""What a folding is predicted to cost, and what other frame rates would (-> solution.json, for the report)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hwflow.compile.fold import Folded, cycles_for
from hwflow.compile.solve import Limits, Solution
from hwflow.costs.model import Cost

RATES = (30.0, 60.0, 100.0, 200.0, 300.0, 500.0, 1000.0)


def tradeoff(folded: Folded, clock_mhz: float, limits: Limits, rates: Iterable[float] = RATES) -> dict[str, Any]:
    """The folding's predicted cost and the resource that binds, a point for each rate and for the fastest that fits, and what the
    next step up would cost. A rate that no folding reaches has the point of the fastest one, and `reached` false."""
    problem, solution = folded.problem, folded.solution
    curve = [_point(problem.solve(cycles_for(clock_mhz, fps), limits), f"{fps:g}", clock_mhz, limits) for fps in rates]
    most = problem.fastest(limits)
    if most is not None:
        curve.append(_point(most, "max", clock_mhz, limits))
    return {
        "prediction": _cost(solution.cost),
        "binds": limits.binding(solution.cost),
        "curve": curve,
        "next_step": _next_step(folded, clock_mhz, limits),
    }


def _next_step(folded: Folded, clock_mhz: float, limits: Limits) -> dict[str, Any] | None:
    """The cheapest folding whose slowest node is faster than that of `folded`; None where there is none."""
    problem, now = folded.problem, folded.solution
    if now.bound <= problem.least_cycles():
        return None
    step = problem.solve(now.bound - 1, limits)
    changed = [name for name, option in step.chosen.items() if option.cycles < now.chosen[name].cycles == now.bound]
    more = {key: round(value - _cost(now.cost)[key], 1) for key, value in _cost(step.cost).items()}
    return {"fps": _fps(step.bound, clock_mhz), "bound_cycles": step.bound, **more, "nodes": changed}


def _point(found: Solution, label: str, clock_mhz: float, limits: Limits) -> dict[str, Any]:
    return {
        "label": label,
        "fps": _fps(found.bound, clock_mhz),
        "cycles": found.cycles,
        "bound_cycles": found.bound,
        **_cost(found.cost),
        "fits": limits.fits(found.cost),
        "reached": found.reached,
    }


def _fps(cycles: int, clock_mhz: float) -> float:
    return round(clock_mhz * 1e6 / cycles, 2)


def _cost(cost: Cost) -> dict[str, float]:
    return {"lut": round(cost.lut), "ff": round(cost.ff), "bram36": cost.bram18 / 2, "uram": 0, "dsp": cost.dsp}
