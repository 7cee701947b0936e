# SPDX-License-Identifier: Apache-2.0
"""The card beside the weights: what was trained, on what, how well it does, and the command that does it again."""

import hashlib
import importlib.metadata
import shlex
from pathlib import Path

import torch

from hwflow.data.folder import ImageSet
from hwflow.models import ModelRecipe
from hwflow.nn import BinaryConv2d
from hwflow.recipe import Data, Loss, SegmentationData, Training
from hwflow.train.loop import Trained


def write_card(
    path: Path,
    recipe: ModelRecipe,
    variant: str | None,
    images: ImageSet,
    folder: str,
    seed: int,
    result: Trained,
    weights: Path,
) -> None:
    """Write the card as Markdown; `folder` is the name of the images' folder, not its path on this machine."""
    settings = recipe.training
    channels, height, width = recipe.recipe.input.shape
    convs = [m for m in result.network.modules() if isinstance(m, BinaryConv2d)]
    one_bit = sum(conv.weight.numel() for conv in convs)
    seconds = sum(row.seconds for row in result.rows)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("torch", "brevitas"))
    path.write_text(
        f"""# {title_text(recipe, variant)}

| | |
|---|---|
| test {result.measure} | {result.test_score:.2%} of {len(result.parts.test)} images |
| validation {result.measure} | {result.validation_score:.2%} |
| input | {channels} x {height} x {width}, unsigned 8 bits |
| 1-bit weights | {one_bit:,} in {len(convs)} convolutions |
| images | {images_text(images)} |
| split | {split_text(recipe.recipe.data, seed)} |
| begins with | {_start(settings)} |
| loss | {_loss(settings.loss)} |
| epochs | {_epochs(settings)}; the best on the validation part is number {result.best_epoch} of the last |
| time | {seconds / 60:.0f} minutes |
| versions | {versions} |
| weights | sha256 {digest} |

All quantisers of the network were on, in training and in the measurement. Made by

    {command_text(recipe, variant, folder, seed)}
""",
        encoding="utf-8",
    )


def title_text(recipe: ModelRecipe, variant: str | None) -> str:
    """What was trained, in a line."""
    return f"{recipe.model}, recipe {recipe.name}" + (f", variant {variant}" if variant else "")


def command_text(recipe: ModelRecipe, variant: str | None, folder: str, seed: int) -> str:
    """The command that trains it."""
    options = ["--model", recipe.model, "--recipe", recipe.name, *(["--variant", variant] if variant else [])]
    return shlex.join(["python", "-m", "hwflow.train", *options, "--data", folder, "--seed", str(seed)])


def images_text(images: ImageSet) -> str:
    if images.masks is not None:
        return f"{len(images)} with masks; {float(images.masks.double().mean()):.2%} of the pixels are defects"
    counts = torch.bincount(images.labels, minlength=len(images.classes)).tolist()
    classes = ", ".join(f"{name} ({count})" for name, count in zip(images.classes, counts, strict=True))
    return f"{len(images)}: {classes}"


def split_text(data: Data, seed: int) -> str:
    text = f"7 : 1 : 2 in every class, seed {seed}; "
    text += "images of a group on one side" if data.split == "group" else "every image by itself, whatever it shows"
    if isinstance(data, SegmentationData) and data.only:
        text += f"; only {' and '.join(data.only)}"
    chosen = ", ".join(f"{count} of {name}" for name, count in data.at_most.items())
    return f"{text}; at most {chosen}" if chosen else text


def _start(settings: Training) -> str:
    return "random weights" if settings.start is None else f"the weights of recipe {settings.start}"


def _loss(loss: Loss) -> str:
    terms = [f"{loss.cross_entropy:g} cross-entropy"] if loss.cross_entropy else []
    if loss.tversky:
        terms.append(f"{loss.tversky:g} Tversky (alpha {loss.alpha:g}, beta {loss.beta:g})")
    return " + ".join(terms)


def _epochs(settings: Training) -> str:
    text = f"{settings.real_weights.epochs} with real weights"
    if settings.binary_weights is not None:
        text += f", then {settings.binary_weights.epochs} with 1-bit weights"
    return text
