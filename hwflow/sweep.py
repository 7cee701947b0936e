# SPDX-License-Identifier: Apache-2.0
"""`python -m hwflow.sweep`: trains variants of a recipe over several seeds."""

import argparse
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from hwflow.cli.frame import DONE, Parser, run
from hwflow.cli.progress import open_progress
from hwflow.errors import BuildFailed, UserError

if TYPE_CHECKING:
    from hwflow.train.runs import Run

EPILOG = """\
A run is one variant with one seed, in a folder of its own below --runs. Runs that are over are left alone; one that was
stopped goes on where it was, so a sweep that was killed is given again. Where a run fails, the others go on, and the exit
code is 1."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = Parser("sweep", "Train variants of a recipe over several seeds.", EPILOG)
    parser.add_argument(
        "--table", action="append", default=[], metavar="N", help="rows of table N, or of hardware (repeatable)"
    )
    parser.add_argument("--row", metavar="REGEX", help="of the tables, only rows whose name this finds")
    parser.add_argument("--model", help="instead of a table: name of a model, or the folder of one")
    parser.add_argument("--recipe", help="recipe of the model (default: mini)")
    parser.add_argument("--variant", action="append", default=[], help="variant of the recipe (repeatable)")
    parser.add_argument("--seeds", default="0-4", metavar="LIST", help="such as 0-4 or 0,2,5 (default: 0-4)")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of images, as for hwflow train")
    parser.add_argument("--runs", type=Path, default=Path("runs"), metavar="DIR", help="where runs lie (default: runs)")
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="runs at a time, which share the cores (default: 1)"
    )
    parser.add_argument("--device", default="auto", help="where networks learn, as in hwflow train")
    parser.add_argument("--list", action="store_true", help="say how far each run is, and train nothing")
    return run(parser, _sweep, argv)


def _sweep(args: argparse.Namespace) -> int:
    from hwflow.train.pool import train_all
    from hwflow.train.runs import Status, status_of

    if args.jobs < 1:
        raise UserError(f"--jobs {args.jobs}: at least 1 is needed")
    runs = _runs(args)
    if args.list:
        for one in runs:
            sys.stdout.write(f"{status_of(one).text:<24} {one.name}\n")
        return DONE
    # As Ctrl-C does, so that the runs' processes are ended on the way out.
    signal.signal(signal.SIGTERM, _interrupt)
    with open_progress() as progress:
        failed = train_all(runs, args.jobs, args.device, progress)
    over = sum(status_of(one).kind is Status.OVER for one in runs)
    sys.stdout.write(f"{over} of {len(runs)} runs are over, in {args.runs}\n")
    if failed:
        raise BuildFailed(
            f"{len(failed)} of {len(runs)} runs failed, the first is {failed[0].name}; see {failed[0].log}"
        )
    return DONE


def _runs(args: argparse.Namespace) -> "list[Run]":
    from hwflow.models import find_recipe
    from hwflow.train.runs import Run
    from hwflow.variants import variant_of

    if not args.data.is_dir():
        raise UserError(f"--data {args.data}: no such folder")
    seeds = _seeds(args.seeds)
    runs: dict[str, Run] = {}
    for model, name, variant in _rows(args) if args.table else _variants(args):
        recipe = find_recipe(model, name)
        if variant is not None:
            recipe = variant_of(recipe, variant)
        for seed in seeds:
            one = Run(recipe, model, variant, args.data, seed, args.runs)
            runs.setdefault(one.name, one)
    return list(runs.values())


Wanted = tuple[str, str | None, str | None]
"""A model, its recipe and its variant, as the command line gives them."""


def _variants(args: argparse.Namespace) -> list[Wanted]:
    if args.model is None:
        raise UserError("nothing to train; give --table N, or --model with a recipe")
    if args.row is not None:
        raise UserError("--row chooses rows of a --table; leave it out, or give a table")
    return [(args.model, args.recipe, variant) for variant in args.variant or [None]]


def _rows(args: argparse.Namespace) -> list[Wanted]:
    from hwflow.tables.rows import read_table

    if args.model is not None or args.recipe is not None or args.variant:
        raise UserError("--table names its models itself; leave --model, --recipe and --variant out")
    try:
        wanted = re.compile(args.row or "")
    except re.error as error:
        raise UserError(f"--row {args.row}: no regular expression ({error})") from None
    tables = [read_table(name) for name in dict.fromkeys(args.table)]
    rows = [(row, table) for table in tables for row in table.rows if wanted.search(row.name)]
    runs: list[Wanted] = [
        (one.model, one.recipe, one.variant) for row, table in rows for one in row.runs(table.columns)
    ]
    if not runs:
        raise UserError(f"no row to train: of {len(rows)} rows found, none has a run; see the files in tables/")
    return runs


def _seeds(text: str) -> list[int]:
    seeds: dict[int, None] = {}
    for part in text.split(","):
        found = re.fullmatch(r"(\d+)(?:-(\d+))?", part.strip())
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if first > last:
            raise UserError(f"--seeds {text}: not a list of seeds; write 0-4, or 0,2,5")
        seeds |= dict.fromkeys(range(first, last + 1))
    return list(seeds)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    raise SystemExit(main())
