# SPDX-License-Identifier: Apache-2.0
"""ResNet18 and ResNet34 of torchvision: real baselines of tables 1 and 2 (Sensors 2021, 21, 6868).

For comparison and not for hardware.
"""

from typing import Literal

from torchvision.models import resnet18, resnet34

from hwflow.nn.library import LibraryClassifier, LibraryRecipe

NETWORKS = {18: resnet18, 34: resnet34}


class ResNetRecipe(LibraryRecipe):
    """`pretrained` is of the network of this `depth`."""

    depth: Literal[18, 34] = 18


def build(recipe: ResNetRecipe) -> LibraryClassifier:
    """The network of a recipe, untrained but for `pretrained`."""
    return LibraryClassifier(recipe, NETWORKS[recipe.depth](), stem="conv1", head="fc")


RECIPE = ResNetRecipe
