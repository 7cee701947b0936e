# SPDX-License-Identifier: Apache-2.0
"""What training needs to know of a task: how its data are drawn, what is lost on them, and what figure selects an epoch."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from hwflow.data.folder import ImageSet
from hwflow.data.turns import random_turns, turn
from hwflow.errors import UserError
from hwflow.inference import image_labels, pixel_labels, to_input
from hwflow.models import ModelRecipe
from hwflow.pixelscores import PixelCounts, count_pixels
from hwflow.recipe import SegmentationRecipe, Training
from hwflow.train.augment import augment, relight
from hwflow.train.losses import weighted_loss


class Task(Protocol):
    """Indices int64 [n] choose images of the task's data; targets are what `draw` gives beside the input."""

    @property
    def measure(self) -> str:
        """What `score` and `worth` give, a fraction."""
        ...

    def fingerprint(self) -> str:
        """A hash of the data."""
        ...

    def draw(self, indices: Tensor, turns: Tensor | None, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """A network's input, augmented, with the turns int64 [n] if they are given, and the targets."""
        ...

    def loss(self, network: nn.Module, output: Tensor, targets: Tensor) -> Tensor: ...

    def tally(self, output: Tensor, targets: Tensor) -> tuple[int, ...]:
        """Counts that add up over batches."""
        ...

    def score(self, counts: Sequence[int]) -> float:
        """The measure of added counts."""
        ...

    def label(self, network: nn.Module, indices: Tensor) -> Tensor:
        """Labels of images as they are, int64 [n] or [n, H, W], in eval mode and the network's own precision."""
        ...

    def worth(self, found: Tensor, indices: Tensor) -> float:
        """The measure of labels that were found for these images."""
        ...


@dataclass(frozen=True)
class Classification:
    """One label an image: the recipe's loss, and the share of right labels."""

    data: ImageSet
    settings: Training
    measure: str = "accuracy (top-1)"

    def fingerprint(self) -> str:
        return _hash(self.data.images, self.data.labels)

    def draw(self, indices: Tensor, turns: Tensor | None, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        changed = augment(self.data.images[indices], turns, self.settings.augment, generator)
        return to_input(changed), self.data.labels[indices]

    def loss(self, network: nn.Module, output: Tensor, targets: Tensor) -> Tensor:
        # The network sums over pixels; the loss is on the mean.
        return weighted_loss(output / getattr(network, "pixels", 1), targets, self.settings.loss)

    def tally(self, output: Tensor, targets: Tensor) -> tuple[int, ...]:
        return int((output.argmax(1) == targets).sum()), len(targets)

    def score(self, counts: Sequence[int]) -> float:
        right, seen = counts
        return right / seen

    def label(self, network: nn.Module, indices: Tensor) -> Tensor:
        with evaluating(network):
            return image_labels(network, self.data.images[indices])

    def worth(self, found: Tensor, indices: Tensor) -> float:
        return float((found == self.data.labels[indices]).double().mean())


@dataclass(frozen=True)
class Segmentation:
    """One label a pixel: the recipe's loss, and Dice over the pixels of all images together."""

    images: Tensor  # uint8 [N, C, H, W]
    masks: Tensor  # uint8 [N, 1, H, W]
    settings: Training
    measure: str = "Dice"

    def fingerprint(self) -> str:
        return _hash(self.images, self.masks)

    def draw(self, indices: Tensor, turns: Tensor | None, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        images, masks = self.images[indices], self.masks[indices]
        settings = self.settings.augment
        if turns is not None:
            images, masks = turn(images, turns), turn(masks, turns)
        elif settings.turns == "random":
            images, masks = random_turns(images, masks, generator)
        return to_input(relight(images.float(), settings, generator)), masks[:, 0].to(torch.int64)

    def loss(self, network: nn.Module, output: Tensor, targets: Tensor) -> Tensor:
        return weighted_loss(output, targets, self.settings.loss)

    def tally(self, output: Tensor, targets: Tensor) -> tuple[int, ...]:
        counts = count_pixels(output.argmax(1), targets)
        return counts.true_positive, counts.false_positive, counts.false_negative, counts.true_negative

    def score(self, counts: Sequence[int]) -> float:
        return PixelCounts(*counts).dice

    def label(self, network: nn.Module, indices: Tensor) -> Tensor:
        with evaluating(network):
            return pixel_labels(network, self.images[indices])

    def worth(self, found: Tensor, indices: Tensor) -> float:
        return count_pixels(found, self.masks[indices, 0]).dice


def task_of(recipe: ModelRecipe, data: ImageSet) -> Task:
    """The task of training `recipe` on `data`.

    Raises UserError if the recipe labels pixels and the data have no masks.
    """
    if not isinstance(recipe.recipe, SegmentationRecipe):
        return Classification(data, recipe.training)
    if data.masks is None:
        raise UserError(f"{recipe.model}, recipe {recipe.name}: labels pixels, and {data.place} was read without masks")
    return Segmentation(data.images, data.masks, recipe.recipe.training)


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Eval mode inside the block."""
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)


def _hash(*tensors: Tensor) -> str:
    return hashlib.sha256(b"".join(tensor.numpy().tobytes() for tensor in tensors)).hexdigest()[:16]
