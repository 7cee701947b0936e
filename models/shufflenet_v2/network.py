# SPDX-License-Identifier: Apache-2.0
"""ShuffleNetV2 0.5x of torchvision: a real baseline of table 2 (Sensors 2021, 21, 6868), and what Bi-ShuffleNet comes
from.

For comparison and not for hardware.
"""

from pathlib import Path

from torchvision.models import shufflenet_v2_x0_5

from hwflow.nn.library import LibraryClassifier
from hwflow.recipe import Recipe


class ShuffleNetV2Recipe(Recipe):
    """`pretrained`: a file of torchvision's weights, relative to where the command runs."""

    pretrained: Path | None = None


def build(recipe: ShuffleNetV2Recipe) -> LibraryClassifier:
    """The network of a recipe, untrained but for `pretrained`."""
    return LibraryClassifier(
        shufflenet_v2_x0_5(),
        stem="conv1.0",
        head="fc",
        channels=recipe.input.channels,
        classes=len(recipe.classes),
        pretrained=recipe.pretrained,
    )


RECIPE = ShuffleNetV2Recipe
