# SPDX-License-Identifier: Apache-2.0
"""`python -m hwflow.tables`: the paper's tables with what was measured here, as Markdown."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from hwflow.cli.frame import DONE, Parser, run
from hwflow.cli.progress import open_progress

EPILOG = """\
Results are taken from the shipped weights, from those that come with hwflow, and from the runs that `hwflow train` and
`hwflow sweep` left below --runs."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = Parser("tables", "Write the paper's tables with what was measured here.", EPILOG)
    parser.add_argument("--table", action="append", default=[], metavar="N", help="only table N (repeatable)")
    parser.add_argument("--runs", type=Path, default=Path("runs"), metavar="DIR", help="where runs lie (default: runs)")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("docs/results.md"),
        metavar="FILE.md",
        help="what to write (default: docs/results.md)",
    )
    return run(parser, _tables, argv)


def _tables(args: argparse.Namespace) -> int:
    from hwflow.count.counter import count
    from hwflow.count.counts import Counts
    from hwflow.files import publish
    from hwflow.models import ModelRecipe
    from hwflow.tables.markdown import document
    from hwflow.tables.measured import find_results
    from hwflow.tables.rows import read_table, table_names

    tables = [read_table(name) for name in dict.fromkeys(args.table or table_names())]
    results = find_results(args.runs)
    counted = 0
    with open_progress() as progress:
        with progress.stage("count networks") as stage:

            def counts_of(recipe: ModelRecipe) -> Counts:
                nonlocal counted
                counted += 1
                found = count(recipe.build(), recipe.recipe.input.shape)
                stage.note = f"{counted}"
                return found

            text = document(tables, results, counts_of)
        publish(args.out, lambda beside: beside.write_text(text, encoding="utf-8"))
        progress.line(f"{args.out}: {len(tables)} tables, of {len(results)} results")
    return DONE


if __name__ == "__main__":
    raise SystemExit(main())
