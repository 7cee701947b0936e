# SPDX-License-Identifier: Apache-2.0
"""``hwflow report DIR``: draw DIR/report.html again from DIR/report.json and print the table."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hwflow.cli.frame import DONE, Parser, run


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = Parser("report", "Draw report.html again from the report.json of a build, and print its table.")
    parser.add_argument("folder", metavar="DIR", type=Path, help="build folder that holds report.json")
    return run(parser, _report, argv)


def _report(args: argparse.Namespace) -> int:
    from hwflow.report.files import read_report
    from hwflow.report.html import write_html
    from hwflow.report.terminal import print_table

    report = read_report(args.folder)
    page = write_html(report, args.folder)
    print_table(report, sys.stdout)
    sys.stdout.write(f"\n{page}\n")
    return DONE


if __name__ == "__main__":
    raise SystemExit(main())
