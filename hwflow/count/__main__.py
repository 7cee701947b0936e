# SPDX-License-Identifier: Apache-2.0
"""`python -m hwflow.count`: parameters, weight bits and operations of a network."""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hwflow.cli.frame import DONE, Parser, run
from hwflow.count import __doc__ as RULE
from hwflow.errors import UserError
from hwflow.files import publish

if TYPE_CHECKING:
    from torch import nn

    from hwflow.count.counts import Counts

EPILOG = """\
Modules with parameters of which the rule counts nothing are named on standard error.

A variant is a name in the model's variants.yaml, or changes to the recipe as YAML: --variant "{depth: 34}".
A module of yours counts as a 1-bit convolution if it has an attribute one_bit that is true."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = Parser(
        "count", "Count parameters, weight bits and operations of a network for one image.", f"{RULE}\n{EPILOG}"
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", help="name of a model, or the folder of one")
    what.add_argument(
        "--module", metavar="FILE.py:NAME", help="a torch module of your own, or a function that makes one"
    )
    parser.add_argument("--recipe", help="recipe of the model (default: mini, else neu)")
    parser.add_argument("--variant", metavar="V", help="variant of the recipe")
    parser.add_argument("--input", metavar="CxHxW", help="size of the image (default: the recipe's)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    return run(parser, _count, argv)


def _count(args: argparse.Namespace) -> int:
    if args.json is not None and not args.json.parent.is_dir():
        raise UserError(f"{args.json.parent}: no such folder for --json")
    network, shape = _own(args) if args.module else _of_recipe(args)

    from hwflow.count.counter import count

    counts = count(network, shape)
    for line in counts.uncounted:
        sys.stderr.write(f"uncounted: {line}\n")
    sys.stdout.write(_table(counts, shape))
    if args.json is not None:
        content = json.dumps(counts.as_json(), indent=1) + "\n"
        publish(args.json, lambda beside: beside.write_text(content, encoding="utf-8"))
    return DONE


def _own(args: argparse.Namespace) -> "tuple[nn.Module, tuple[int, int, int]]":
    for option in ("recipe", "variant"):
        if getattr(args, option) is not None:
            raise UserError(f"--{option} belongs to --model, not to --module")
    if args.input is None:
        raise UserError("--module needs --input CxHxW")
    shape = _shape(args.input)

    from hwflow.count.own import own_module

    return own_module(args.module), shape


def _of_recipe(args: argparse.Namespace) -> "tuple[nn.Module, tuple[int, int, int]]":
    shape = None if args.input is None else _shape(args.input)

    from hwflow.models import find_recipe
    from hwflow.variants import changed, variant_of

    recipe = find_recipe(args.model, args.recipe)
    recipe.require_layers("count")
    if args.variant is not None:
        recipe = variant_of(recipe, args.variant)
    if shape is not None:
        channels, height, width = shape
        image = {"channels": channels, "height": height, "width": width}
        recipe = changed(recipe, {"input": image}, f"--input {args.input}")
    return recipe.build(), recipe.recipe.input.shape


def _shape(text: str) -> tuple[int, int, int]:
    match = re.fullmatch(r"([1-9]\d{0,5})x([1-9]\d{0,5})x([1-9]\d{0,5})", text)
    if match is None:
        raise UserError(f"--input {text}: write CxHxW, such as 1x224x224")
    channels, height, width = (int(number) for number in match.groups())
    return channels, height, width


def _table(counts: "Counts", shape: tuple[int, int, int]) -> str:
    figures = counts.as_json()
    width = max(len(f"{value:,.0f}") for value in figures.values())
    lines = [f"input        {'x'.join(map(str, shape))}"]
    for name, value in figures.items():
        rough = f"  {value:.4g}" if value >= 10_000 else ""
        lines.append(f"{name:11}  {value:>{width},.0f}{rough}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
