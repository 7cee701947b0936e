# SPDX-License-Identifier: Apache-2.0
"""`python -m hwflow.train`: trains a model on a folder of images."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from hwflow.cli.frame import DONE, Parser, run
from hwflow.cli.progress import open_progress

EPILOG = """\
DIR holds one folder a class, called as the classes in the recipe, or for a model that labels pixels, as u_binet, images/
and masks/ with files of the same names. The authors of the sets that the recipes are for publish them in
  NEU-CLS        github.com/abin24/Surface-Inspection-defect-detection-dataset
  Magnetic Tile  github.com/abin24/Magnetic-tile-defect-datasets.
  NEU patches    github.com/SongGuorong/MCITF (images and masks of SD-saliency-900)

A run that was stopped goes on when the same command is given again. Copy weights.safetensors and card.md from OUT into
the recipe's folder to make them the ones that every other command takes."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = Parser(
        "train",
        "Train a model in two stages, real weights, then 1-bit weights; or fit one that has no gradients.",
        EPILOG,
    )
    parser.add_argument("--model", required=True, help="name of a model, or the folder of one")
    parser.add_argument("--recipe", help="recipe of the model (default: mini)")
    parser.add_argument("--variant", help="a name in the model's variants.yaml, or changes as {KEY: VALUE}")
    parser.add_argument(
        "--data",
        required=True,
        type=Path,
        metavar="DIR",
        help="folder of one folder of images a class, or of images/ and masks/",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of the split, the initial weights and the order (default: 0)"
    )
    parser.add_argument(
        "--device",
        default="auto",
        help="where the network learns: cpu, cuda, cuda:1, ... (default: a GPU if there is one)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write (default: runs/MODEL-RECIPE[-VARIANT]-SEED)"
    )
    return run(parser, _train, argv)


def _train(args: argparse.Namespace) -> int:
    from hwflow.models import WEIGHTS_FILE, find_recipe
    from hwflow.train.device import find_device
    from hwflow.train.run import run_name, train_run
    from hwflow.variants import variant_of

    recipe = find_recipe(args.model, args.recipe)
    if args.variant is not None:
        recipe = variant_of(recipe, args.variant)
    device = find_device(args.device)
    out = args.out or Path("runs") / run_name(recipe.model, recipe.name, args.variant, args.seed)
    with open_progress() as progress:
        result = train_run(recipe, args.variant, args.data, args.seed, out, device, progress)
        progress.line(
            f"{out / WEIGHTS_FILE}: {result.measure} {result.leading:.2%} of {result.test_images} test images"
        )
    return DONE


if __name__ == "__main__":
    raise SystemExit(main())
