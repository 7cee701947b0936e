# SPDX-License-Identifier: Apache-2.0
"""Every count that the paper prints: ours equals it, or the row is known and documented not to."""

import functools

import pytest
from count_rows import ROWS, TOLERANCE, UNITS, Row

from hwflow.content import content_root
from hwflow.count.counter import count
from hwflow.count.counts import Counts
from hwflow.models import find_recipe
from hwflow.variants import variant_of


@functools.cache
def _counts(model: str, recipe: str, variant: str | None) -> Counts:
    found = find_recipe(model, recipe)
    if variant is not None:
        found = variant_of(found, variant)
    return count(found.build(), found.recipe.input.shape)


def _label(row: Row) -> str:
    return f"table {row.table} {row.name}"


@pytest.mark.parametrize("row", ROWS, ids=_label)
def test_counts_are_those_of_the_table(row: Row) -> None:
    counts = _counts(row.model, row.recipe, row.variant)
    assert counts.uncounted == ()
    for figure, printed in row.printed.items():
        ours = getattr(counts, figure)
        said = f"{figure}: printed {printed}, ours {ours / UNITS[row.table][figure]:.4g}"
        # A figure that agrees after all has no place in the list of those that do not.
        assert row.agrees(figure, ours) == (figure not in row.differs), said


@pytest.mark.parametrize("row", [r for r in ROWS if r.differs], ids=_label)
def test_the_page_lists_what_differs(row: Row) -> None:
    page = (content_root() / "docs" / "counting.md").read_text(encoding="utf-8")
    for figure in row.differs:
        ours = getattr(_counts(row.model, row.recipe, row.variant), figure) / UNITS[row.table][figure]
        start = f"| {row.table} | {row.name} | {figure} | {row.printed[figure]} | {ours:.3f} |"
        assert start in page, start


def test_a_figure_agrees_within_a_percent_or_its_last_digit() -> None:
    row = Row(1, "", "", "", None, {"flops": "18.19", "ops": "0.10"})
    assert row.agrees("flops", 18.19e8 * (1 + 0.99 * TOLERANCE))
    assert not row.agrees("flops", 18.19e8 * (1 + 1.01 * TOLERANCE))
    assert row.agrees("ops", 0.1049e9)
    assert not row.agrees("ops", 0.1051e9)
