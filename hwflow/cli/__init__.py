# SPDX-License-Identifier: Apache-2.0
"""``hwflow COMMAND ...``: finds the command's module and runs its ``main``."""

import argparse
import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Sequence

from hwflow.cli.frame import Parser, run
from hwflow.errors import UserError, did_you_mean

COMMANDS = {
    "build": "take a trained network to a verified accelerator",
    "train": "train a model on a folder of images",
    "sweep": "train variants of a recipe over several seeds",
    "evaluate": "measure a model on a folder of images",
    "count": "count a network's parameters, bits and operations",
    "data": "check a set of images and draw a picture of it",
    "verify": "simulate a finished build again and compare every tensor",
    "report": "draw report.html again and print the table",
    "doctor": "show which tools are there, and what each absence turns off",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code (2 for a command that does not exist)."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in COMMANDS:
        return _command_main(words[0], words[1:])
    return _overview(words)


def _command_main(command: str, argv: Sequence[str]) -> int:
    name = f"hwflow.{command}"
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.submodule_search_locations is not None:
        name = f"{name}.__main__"  # a command that is a package runs like `python -m` does
    code = importlib.import_module(name).main(argv)
    return int(code)


def _overview(words: list[str]) -> int:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {what}" for name, what in COMMANDS.items()]
    parser = Parser(
        "",
        "From a trained binary network to a verified FPGA dataflow accelerator, without vendor tools.",
        "\n".join(["commands:", *lines, "", "hwflow COMMAND --help tells more."]),
    )
    parser.usage = "hwflow COMMAND [options]"
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("--version", action="store_true", help="show the version and leave")

    def body(args: argparse.Namespace) -> int:
        if args.version:
            sys.stdout.write(f"hwflow {_version()}\n")
            return 0
        if args.command is None:
            raise UserError("no command given; see hwflow --help")
        raise UserError(f"unknown command {args.command}{did_you_mean(args.command, COMMANDS)}; see hwflow --help")

    # An option of an unknown command is not what is wrong with it.
    return run(parser, body, words[:1])


def _version() -> str:
    try:
        return importlib.metadata.version("hwflow")
    except importlib.metadata.PackageNotFoundError:  # run from a source tree that is on the path
        return "(not installed)"
