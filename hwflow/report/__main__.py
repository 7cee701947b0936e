# SPDX-License-Identifier: Apache-2.0
"""``hwflow report DIR``: draw DIR/report.html again from DIR/report.json and print the table."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from hwflow.cli.frame import Parser, run


def main(argv: Sequence[str] | None = None) -> int:
    parser = Parser("report", "Draw report.html again from the report.json of a build, and print its table.")
    parser.add_argument("folder", metavar="DIR", type=Path, help="build folder that holds report.json")
    return run(parser, _report, argv)


def _report(args: argparse.Namespace) -> int:
    from rich.console import Console

    from hwflow.report.files import read_report
    from hwflow.report.html import write_html
    from hwflow.report.terminal import summary

    report = read_report(args.folder)
    page = write_html(report, args.folder)
    console = Console(highlight=False)
    console.print(summary(report))
    console.print(f"\n{page}", soft_wrap=True, markup=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
