# SPDX-License-Identifier: Apache-2.0
"""Tables as Markdown: the paper's figure beside ours, and an empty cell where nothing was run."""

from collections.abc import Callable, Sequence

from hwflow.count.counts import Counts
from hwflow.models import ModelRecipe
from hwflow.recipe import FittedRecipe
from hwflow.results import Result
from hwflow.tables.measured import figure_of, protocol_of, results_of
from hwflow.tables.rows import COUNTS, Column, Row, RowRun, Table

HEAD = """\
# Results

Written by `python -m hwflow.tables`; not by hand. "paper" is what Sensors 2021, 21, 6868 prints; "here" was measured on the
test part of a split that the protocol names, as mean ± standard deviation of the sample over n seeds, or counted from the
network. An empty cell: the paper prints nothing, or nothing was run here.
"""

CountNetwork = Callable[[ModelRecipe], Counts]


def document(tables: Sequence[Table], results: Sequence[Result], count: CountNetwork) -> str:
    """All tables as one text, which ends with a newline. Raises UserError if a row names what is not there."""
    return "\n".join([HEAD, *(_table(table, results, count) for table in tables)])


def _table(table: Table, results: Sequence[Result], count: CountNetwork) -> str:
    names = [name for column in table.columns for name in _names(column, table)]
    head = ["", *names, "protocol", "n"]
    lines = [f"## Table {table.table}: {table.title}" if table.of_paper else f"## {table.title}", ""]
    lines += [table.note, ""] if table.note else []
    lines += [_line(head), _line(["---"] * len(head))]
    lines += [_line(_cells(row, table, results, count)) for row in table.rows]
    return "\n".join(lines) + "\n"


def _names(column: Column, table: Table) -> list[str]:
    return [f"{column.name} paper", f"{column.name} here"] if table.of_paper else [column.name]


def _cells(row: Row, table: Table, results: Sequence[Result], count: CountNetwork) -> list[str]:
    own: dict[RowRun, list[Result]] = {}
    counts: dict[str, float] = {}
    for run in row.runs(table.columns):
        recipe = run.found()
        own[run] = results_of(recipe, run.variant, results)
        # A support vector machine has no layers to count.
        if any(column.figure in COUNTS for column in table.columns) and not isinstance(recipe.recipe, FittedRecipe):
            counts = count(recipe).as_json()
    cells = [row.name]
    for position, column in enumerate(table.columns):
        if table.of_paper:
            cells.append(row.paper[position] if row.paper else "")
        cells.append(_here(column, own[row.run.of(column.of)] if row.run is not None else [], counts))
    numbers = sorted({len(found) for found in own.values()} - {0})
    return [*cells, protocol_of([one for found in own.values() for one in found]), " to ".join(map(str, numbers))]


def _here(column: Column, results: Sequence[Result], counts: dict[str, float]) -> str:
    if column.figure is None:
        return ""
    if column.figure in COUNTS:
        counted = counts.get(column.figure, 0)
        return _number(counted, column) if counted else ""
    figure = figure_of(column.figure, results)
    if figure is None:
        return ""
    text = _number(figure.mean, column)
    return text if figure.deviation is None else f"{text} ± {_number(figure.deviation, column)}"


def _number(figure: float, column: Column) -> str:
    text = f"{figure / column.unit:.{column.places}f}"
    # What is too small for the paper's decimals is no 0.
    return f"{figure / column.unit:.2g}" if figure and float(text) == 0 else text


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
