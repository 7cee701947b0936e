# SPDX-License-Identifier: Apache-2.0
"""`python -m hwflow.data preview`: checks a set of images and draws a picture of it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hwflow.cli.frame import DONE, Parser, run
from hwflow.cli.progress import open_progress
from hwflow.errors import UserError

CHECK_SHAPE = (1, 64, 64)

EPILOG = """\
preview reads every image and mask of DIR, says what there is, and draws some images of each class with the eight turns
and flips of training. DIR holds one folder a class (NEU-CLS; Magnetic Tile with its masks), images/ and masks/ (NEU
patches), or files by NEU names."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = Parser("data", "Check a set of images and look at it.", EPILOG)
    parser.add_argument("action", choices=("preview",), help="what to do")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="folder of the set")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE.png", help="the picture to write")
    parser.add_argument("--images", type=int, default=4, metavar="N", help="images a class (default: 4)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of images (default: 0)")
    return run(parser, _preview, argv)


def _preview(args: argparse.Namespace) -> int:
    from hwflow.data.folder import load_folder, load_masked
    from hwflow.data.known import known_set
    from hwflow.data.layout import find_samples
    from hwflow.data.preview import choose_rows, draw_preview
    from hwflow.data.summary import read_facts, summarise

    if args.out.suffix.lower() != ".png":
        raise UserError(f"--out {args.out}: the picture is a PNG; call it FILE.png")
    if not args.out.parent.is_dir():
        raise UserError(f"--out {args.out}: there is no folder {args.out.parent}")
    if args.images < 1:
        raise UserError(f"--images {args.images}: at least 1 is needed")
    found = find_samples(args.data)
    masks = [sample.mask for samples in found.values() for sample in samples]
    with open_progress() as progress:
        with progress.stage("read images") as stage:
            if any(masks):
                images = load_masked(args.data, CHECK_SHAPE, tick=stage.tick)
            else:
                images = load_folder(args.data, CHECK_SHAPE, tuple(found), stage.tick)
            stage.note = f"{len(images)} in {len(images.classes)} classes"
        with progress.stage("draw"):
            known = known_set(images.classes)
            title = f"{args.data.resolve().name if known is None else known.title}, {len(images)} images"
            facts = read_facts(images.paths, masks)
            draw_preview(choose_rows(images, facts, args.images, args.seed), title, args.out)
    sys.stdout.write(f"{summarise(images, facts)}{args.out}\n")
    return DONE


if __name__ == "__main__":
    raise SystemExit(main())
