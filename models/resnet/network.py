# SPDX-License-Identifier: Apache-2.0
"""ResNet18 and ResNet34 of torchvision: real baselines of tables 1 and 2 (Sensors 2021, 21, 6868).

For comparison and not for hardware.
"""

from pathlib import Path
from typing import Literal

from torchvision.models import resnet18, resnet34

from hwflow.nn.library import LibraryClassifier
from hwflow.recipe import Recipe

NETWORKS = {18: resnet18, 34: resnet34}


class ResNetRecipe(Recipe):
    """`pretrained`: a file of torchvision's weights for this depth, relative to where the command runs."""

    depth: Literal[18, 34] = 18
    pretrained: Path | None = None


def build(recipe: ResNetRecipe) -> LibraryClassifier:
    """The network of a recipe, untrained but for `pretrained`."""
    return LibraryClassifier(
        NETWORKS[recipe.depth](),
        stem="conv1",
        head="fc",
        channels=recipe.input.channels,
        classes=len(recipe.classes),
        pretrained=recipe.pretrained,
    )


RECIPE = ResNetRecipe
