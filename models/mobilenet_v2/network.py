# SPDX-License-Identifier: Apache-2.0
"""MobileNetV2 of torchvision: a real baseline of tables 1 and 2 (Sensors 2021, 21, 6868).

For comparison and not for hardware.
"""

from pathlib import Path

from torchvision.models import mobilenet_v2

from hwflow.nn.library import LibraryClassifier
from hwflow.recipe import Recipe


class MobileNetV2Recipe(Recipe):
    """`pretrained`: a file of torchvision's weights, relative to where the command runs."""

    pretrained: Path | None = None


def build(recipe: MobileNetV2Recipe) -> LibraryClassifier:
    """The network of a recipe, untrained but for `pretrained`."""
    return LibraryClassifier(
        mobilenet_v2(),
        stem="features.0.0",
        head="classifier.1",
        channels=recipe.input.channels,
        classes=len(recipe.classes),
        pretrained=recipe.pretrained,
    )


RECIPE = MobileNetV2Recipe
