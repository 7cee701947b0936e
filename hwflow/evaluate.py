# SPDX-License-Identifier: Apache-2.0
"""`python -m hwflow.evaluate`: measures a trained model on a folder of images."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwflow.cli.frame import DONE, Parser, run
from hwflow.cli.progress import Tick, open_progress
from hwflow.errors import UserError
from hwflow.files import publish

if TYPE_CHECKING:
    from torch import Tensor

    from hwflow.models import ModelRecipe

Predict = Callable[["Tensor", Tick], "Tensor"]
"""Labels int64 of uint8 images [N, C, H, W]: [N], or [N, H, W] where the network labels pixels. Of equal logits the
lowest label wins. Tells `tick` of every image done."""


def predict(engine: str, recipe: "ModelRecipe") -> Predict:
    """How `engine`, a key of ENGINES, labels images with the trained network of `recipe`."""
    return ENGINES[engine](recipe)


def _torch(recipe: "ModelRecipe") -> Predict:
    from hwflow.inference import logits, pixel_labels
    from hwflow.recipe import SegmentationRecipe

    network = recipe.load().double()
    if isinstance(recipe.recipe, SegmentationRecipe):
        return lambda images, tick: pixel_labels(network, images, tick)
    return lambda images, tick: logits(network, images, tick).argmax(1)


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


def confusion_matrix(labels: "Tensor", found: "Tensor", classes: int) -> list[list[int]]:
    """Counts [true label][label found]."""
    import torch

    counts: list[list[int]] = torch.bincount(labels * classes + found, minlength=classes**2).view(classes, -1).tolist()
    return counts


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
        "--engine", choices=sorted(ENGINES), default="torch", help="what computes the labels (default: torch)"
    )
    parser.add_argument(
        "--split", choices=("all", "test"), default="all", help="all images, or the test part of training"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the training whose test part it is (default: 0)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result here too")
    return run(parser, _evaluate, argv)


def _evaluate(args: argparse.Namespace) -> int:
    from hwflow.data.load import load_data, split_data
    from hwflow.models import find_recipe

    if args.json is not None and not args.json.parent.is_dir():
        raise UserError(f"--json {args.json}: there is no folder {args.json.parent}")
    recipe = find_recipe(args.model, args.recipe)
    label = predict(args.engine, recipe)
    with open_progress() as progress:
        with progress.stage("read images") as stage:
            images = load_data(args.data, recipe.recipe, stage.tick)
            if args.split == "test":
                images = images.take(split_data(images, recipe.recipe, args.seed).test)
        with progress.stage(f"label, {args.engine}") as stage:
            found = label(images.images, stage.tick)
    head = {"model": recipe.model, "recipe": recipe.name, "engine": args.engine, "n": len(images)}
    if images.masks is None:
        figures = _of_images(images.labels, found, recipe.recipe.classes)
        text = _table(head | figures)
    else:
        figures = _of_pixels(images.masks[:, 0], found)
        text = _lines(head | figures)
    sys.stdout.write(text)
    if args.json is not None:
        content = json.dumps(head | figures, indent=1) + "\n"
        publish(args.json, lambda beside: beside.write_text(content, encoding="utf-8"))
    return DONE


def _of_images(labels: "Tensor", found: "Tensor", classes: Sequence[str]) -> dict[str, Any]:
    confusion = confusion_matrix(labels, found, len(classes))
    right = sum(row[i] for i, row in enumerate(confusion))
    return {"top1": right / len(labels), "classes": list(classes), "confusion": confusion}


def _of_pixels(masks: "Tensor", found: "Tensor") -> dict[str, Any]:
    from hwflow.pixelscores import FIGURES, count_pixels

    counts = count_pixels(found, masks)
    return {name: getattr(counts, name) for name in FIGURES}


def _lines(result: dict[str, Any]) -> str:
    """The figures of a segmentation in plain text, one a line."""
    from hwflow.pixelscores import FIGURES

    lines = [f"{result['model']} {result['recipe']}, {result['engine']}: {result['n']} images"]
    lines += [f"{name:>9} {result[name]:.4f}" for name in FIGURES]
    return "\n".join(lines) + "\n"


def _table(result: dict[str, Any]) -> str:
    """The result in plain text: one row a true class, one column a class found."""
    width = max(len(name) for name in result["classes"])
    lines = [
        f"{result['model']} {result['recipe']}, {result['engine']}: top-1 {result['top1']:.2%} of {result['n']} images"
    ]
    lines += [
        f"{name:>{width}} " + "".join(f"{count:6d}" for count in row)
        for name, row in zip(result["classes"], result["confusion"], strict=True)
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
