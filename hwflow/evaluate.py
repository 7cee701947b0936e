# SPDX-License-Identifier: Apache-2.0
"""`python -m hwflow.evaluate`: measures a trained model on a folder of images.

With `--engine integer` PyTorch labels the same images besides, and a label that differs is a failure (exit code 1): only
recipes meant for hardware have integers, and hardware has to equal the network.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwflow.cli.frame import DONE, Parser, run
from hwflow.cli.progress import Tick, open_progress
from hwflow.errors import BuildFailed, UserError
from hwflow.files import publish

if TYPE_CHECKING:
    from torch import Tensor

    from hwflow.agreement import Agreement
    from hwflow.data.folder import ImageSet
    from hwflow.models import ModelRecipe

Predict = Callable[["Tensor", Tick], "Tensor"]
"""Labels int64 of uint8 images [N, C, H, W]: [N], or [N, H, W] where the network labels pixels. Of equal logits the
lowest label wins. Tells `tick` of every image done."""


def predict(engine: str, recipe: "ModelRecipe") -> Predict:
    """How `engine`, a key of ENGINES, labels images with the trained network of `recipe`."""
    return ENGINES[engine](recipe)


def _torch(recipe: "ModelRecipe") -> Predict:
    from hwflow.inference import image_labels, pixel_labels
    from hwflow.recipe import SegmentationRecipe

    network = recipe.load().double()
    label = pixel_labels if isinstance(recipe.recipe, SegmentationRecipe) else image_labels
    return lambda images, tick: label(network, images, tick)


def _integer(recipe: "ModelRecipe") -> Predict:
    from hwflow.compile.streamline import streamline
    from hwflow.nn.export import export_qonnx
    from hwflow.sim.golden import BATCH, Golden

    recipe.require_layers("turn into integers")
    golden = Golden(streamline(export_qonnx(recipe.load(), recipe.recipe.input.shape)))

    def label(images: "Tensor", tick: Tick) -> "Tensor":
        import torch

        found = []
        for start in range(0, len(images), BATCH):
            found.append(golden(images[start : start + BATCH]).argmax(1))
            tick(min(start + BATCH, len(images)), len(images))
        return torch.cat(found)

    return label


ENGINES: dict[str, Callable[["ModelRecipe"], Predict]] = {"torch": _torch, "integer": _integer}
"""torch: the trained network in float64, the reference. integer: the streamlined graph, what hardware computes."""

REFERENCE = "torch"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = Parser("evaluate", "Measure a trained model on a folder of images.")
    parser.add_argument("--model", required=True, help="name of a model, or the folder of one")
    parser.add_argument("--recipe", help="recipe of the model (default: mini)")
    parser.add_argument(
        "--data",
        required=True,
        type=Path,
        metavar="DIR",
        help="folder of one folder of images a class, or of images/ and masks/",
    )
    parser.add_argument(
        "--engine",
        choices=sorted(ENGINES),
        default="torch",
        help="what computes the labels (default: torch); integer is compared with torch",
    )
    parser.add_argument(
        "--split", choices=("all", "test"), default="all", help="all images, or the test part of training"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the training whose test part it is (default: 0)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result here too")
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="with --split test: write the result.json that a run leaves"
    )
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="draw the confusion matrix")
    return run(parser, _evaluate, argv)


def _evaluate(args: argparse.Namespace) -> int:
    from hwflow.agreement import compare
    from hwflow.confusion import draw_confusion
    from hwflow.data.load import load_data, split_data
    from hwflow.measurement import compared, measure
    from hwflow.models import find_recipe
    from hwflow.results import result_of, write_result

    _require_places(args)
    recipe = find_recipe(args.model, args.recipe)
    label = predict(args.engine, recipe)
    reference = None
    with open_progress() as progress:
        with progress.stage("read images") as stage:
            images = load_data(args.data, recipe.recipe, stage.tick)
            if args.split == "test":
                parts = split_data(images, recipe.recipe, args.seed)
                images = images.take(parts.test)
        with progress.stage(f"label, {args.engine}") as stage:
            found = label(images.images, stage.tick)
        if args.engine != REFERENCE:
            with progress.stage(f"label, {REFERENCE}, to compare") as stage:
                reference = predict(REFERENCE, recipe)(images.images, stage.tick)
    head = {"model": recipe.model, "recipe": recipe.name, "engine": args.engine, "n": len(images)}
    measured = measure(images, found, recipe.recipe.classes)
    result = head | measured.figures
    title = f"{recipe.model} {recipe.name}, {args.engine}: "
    text = title + measured.text
    agreement = None
    if reference is not None:
        agreement = compare(found, reference)
        other = measure(images, reference, recipe.recipe.classes)
        text += compared(args.engine, measured, REFERENCE, other, agreement)
        result |= {"reference": {"engine": REFERENCE} | other.scalars | _differing(agreement, images, args.data)}
    sys.stdout.write(text)
    if args.json is not None:
        content = json.dumps(result, indent=1) + "\n"
        publish(args.json, lambda beside: beside.write_text(content, encoding="utf-8"))
    if args.record is not None:
        folder = args.data.resolve().name
        write_result(result_of(recipe, None, folder, args.seed, parts, measured, recipe.weights), args.record)
    if args.picture is not None:
        draw_confusion(measured.panels, f"{title}{len(images)} images", measured.note, args.picture)
        sys.stdout.write(f"{args.picture}\n")
    if agreement is not None and agreement.differing:
        raise BuildFailed(
            f"{agreement.differing} labels of the engine {args.engine} differ from those of {REFERENCE}, the first in "
            f"{images.paths[agreement.images[0]]}: these integers are not the network's"
        )
    return DONE


def _require_places(args: argparse.Namespace) -> None:
    if args.record is not None and (args.split, args.engine) != ("test", REFERENCE):
        raise UserError(f"--record {args.record}: a run's result is of --split test and --engine {REFERENCE}")
    for option, path in (("--json", args.json), ("--record", args.record), ("--picture", args.picture)):
        if path is not None and not path.parent.is_dir():
            raise UserError(f"{option} {path}: there is no folder {path.parent}")
    if args.picture is not None and args.picture.suffix.lower() != ".png":
        raise UserError(f"--picture {args.picture}: the picture is a PNG; call it FILE.png")


def _differing(agreement: "Agreement", images: "ImageSet", folder: Path) -> dict[str, Any]:
    names = [images.paths[i].relative_to(folder).as_posix() for i in agreement.images]
    return {"differing": agreement.differing, "differing_images": names}


if __name__ == "__main__":
    raise SystemExit(main())
