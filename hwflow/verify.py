# SPDX-License-Identifier: Apache-2.0
"""`python -m hwflow.verify DIR`: simulates the RTL of a finished build again and compares every stream with PyTorch."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hwflow.cli.frame import DONE, Parser, run
from hwflow.cli.progress import open_progress


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code: 0 only if every beat of every stream was as expected."""
    parser = Parser("verify", "Simulate the RTL of a finished build again and compare every tensor with PyTorch.")
    parser.add_argument("folder", type=Path, metavar="DIR", help="a folder that hwflow build has made")
    return run(parser, _verify, argv)


def _verify(args: argparse.Namespace) -> int:
    from hwflow.flow import back
    from hwflow.flow.plan import read_plan
    from hwflow.sim.check import raise_unless_exact

    plan = read_plan(args.folder)
    back.require(args.folder)
    with open_progress() as progress, progress.stage("verify") as stage:
        verdict = back.verify(plan, args.folder, lambda cycle, beats: stage.tick(beats, plan.frames, f"cycle {cycle}"))
        stage.note = f"{len(verdict.runs)} runs"
    sys.stdout.write(
        f"{verdict.frames} frames, {verdict.tensors} streams, {verdict.values} values compared in"
        f" {len(verdict.runs)} runs: {verdict.mismatches} mismatches\n"
    )
    raise_unless_exact(verdict)
    return DONE


if __name__ == "__main__":
    raise SystemExit(main())
