# SPDX-License-Identifier: Apache-2.0
"""What was measured for a row: the results of its run over all seeds that were found."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hwflow.content import content_root
from hwflow.models import ModelRecipe
from hwflow.results import RESULT_FILE, Result, read_result

RESULTS = "results"


@dataclass(frozen=True)
class Figure:
    """A mean over `n` runs, and the standard deviation of the sample, which takes two of them."""

    mean: float
    deviation: float | None
    n: int


def find_results(runs: Path) -> list[Result]:
    """The results that come with hwflow (of shipped weights, and in results/), and those in the folders below `runs`; of
    the same run with the same seed the first that is found, in this order.

    Raises UserError if one of them cannot be read.
    """
    root = content_root()
    paths = [*sorted(root.glob(f"models/*/*/{RESULT_FILE}")), *sorted((root / RESULTS).glob("*.json"))]
    paths += sorted(runs.glob(f"*/{RESULT_FILE}"))
    found: dict[tuple[str, str, str | None, str, int], Result] = {}
    for result in map(read_result, paths):
        found.setdefault((result.model, result.recipe, result.variant, result.data, result.seed), result)
    return list(found.values())


def results_of(recipe: ModelRecipe, variant: str | None, results: Iterable[Result]) -> list[Result]:
    """Those of one recipe and variant that were split as the recipe says now, by their seeds."""
    wanted = (recipe.model, recipe.name, variant, recipe.recipe.data.protocol)
    return sorted(
        (one for one in results if (one.model, one.recipe, one.variant, one.protocol) == wanted),
        key=lambda one: one.seed,
    )


def figure_of(name: str, results: Sequence[Result]) -> Figure | None:
    """The figure over those results that have it; None if none has."""
    values = [float(one.figures[name]) for one in results if isinstance(one.figures.get(name), float)]
    if not values:
        return None
    return Figure(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None, len(values))


def protocol_of(results: Sequence[Result]) -> str:
    """How the runs were split and trained, in words; more than one way where they differ. Splits by group differ in size."""
    if not results:
        return ""
    sizes = sorted({one.test_images for one in results})
    tested = f"{sizes[0]} to {sizes[-1]}" if len(sizes) > 1 else f"{sizes[0]}"
    return f"{' / '.join(dict.fromkeys(_spell(one) for one in results))}, {tested} test images"


def _spell(result: Result) -> str:
    words = [f"by {result.split}"]
    words += [f"only {' and '.join(result.only)}"] if result.only else []
    words += [f"at most {count} of {name}" for name, count in result.at_most.items()]
    if result.epochs:
        words.append(f"{' + '.join(map(str, result.epochs))} epochs")
    return ", ".join(words)
