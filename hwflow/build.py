# SPDX-License-Identifier: Apache-2.0
"""`python -m hwflow.build`: from a trained network to a verified, synthesised accelerator and its report."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hwflow.cli.frame import DONE, Parser, run
from hwflow.cli.progress import open_progress
from hwflow.errors import UserError, did_you_mean
from hwflow.flow import STAGES


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code: 0 only if every tensor equalled PyTorch and the design fits."""
    parser = Parser("build", "Build a verified accelerator from a trained network.")
    parser.add_argument("--board", required=True, help="name of a board, or the path of a YAML file")
    parser.add_argument("--model", default="bi_shufflenet", help="name of a model, or the folder of one")
    parser.add_argument("--recipe", help="recipe of the model (default: neu, else mini)")
    parser.add_argument("--onnx", type=Path, metavar="FILE", help="build this QONNX file instead of a model")
    parser.add_argument(
        "--fps", type=_rate, metavar="N", help="frames a second to reach, or max (default: the target's, or 200)"
    )
    parser.add_argument("--clock", type=float, metavar="MHZ", help="clock (default: the board's)")
    parser.add_argument("--target", type=Path, metavar="FILE", help="folding choices node by node")
    parser.add_argument("--frames", type=int, default=4, metavar="N", help="frames to simulate (default: 4)")
    parser.add_argument("--images", type=Path, metavar="DIR", help="simulate images of this folder")
    parser.add_argument("--out", type=Path, metavar="DIR", help="build folder (default: out/MODEL-BOARD)")
    parser.add_argument("--until", metavar="STAGE", default=STAGES[-1], help=f"last stage: {', '.join(STAGES)}")
    return run(parser, _build, argv)


def _rate(text: str) -> float | str:
    try:
        return text if text == "max" else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no number of frames a second; give one, or max") from None


def _build(args: argparse.Namespace) -> int:
    if args.until not in STAGES:
        raise UserError(
            f"--until {args.until}: no such stage{did_you_mean(args.until, STAGES)}; there are {', '.join(STAGES)}"
        )
    from hwflow.flow.build import build, judge
    from hwflow.flow.plan import make_plan
    from hwflow.report.terminal import print_table

    plan = make_plan(
        board=args.board,
        model=args.model,
        recipe=args.recipe,
        onnx=args.onnx,
        fps=args.fps,
        clock_mhz=args.clock,
        target=args.target,
        frames=args.frames,
        images=args.images,
        out=args.out,
    )
    with open_progress() as progress:
        report = build(plan, args.until, progress)
    if report is not None:
        print_table(report, sys.stdout)
        judge(report, plan.folder)
    return DONE


if __name__ == "__main__":
    raise SystemExit(main())
