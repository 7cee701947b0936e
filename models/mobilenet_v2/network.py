# SPDX-License-Identifier: Apache-2.0
"""MobileNetV2 of torchvision: a real baseline of tables 1 and 2 (Sensors 2021, 21, 6868).

For comparison and not for hardware.
"""

from torchvision.models import mobilenet_v2

from hwflow.nn.library import LibraryClassifier, LibraryRecipe

RECIPE = LibraryRecipe


def build(recipe: LibraryRecipe) -> LibraryClassifier:
    """The network of a recipe, untrained but for `pretrained`."""
    return LibraryClassifier(recipe, mobilenet_v2(), stem="features.0.0", head="classifier.1")
