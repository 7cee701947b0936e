# SPDX-License-Identifier: Apache-2.0
"""ShuffleNetV2 0.5x of torchvision: a real baseline of table 2 (Sensors 2021, 21, 6868), and what Bi-ShuffleNet comes
from.

For comparison and not for hardware.
"""

from torchvision.models import shufflenet_v2_x0_5

from hwflow.nn.library import LibraryClassifier, LibraryRecipe

RECIPE = LibraryRecipe


def build(recipe: LibraryRecipe) -> LibraryClassifier:
    """The network of a recipe, untrained but for `pretrained`."""
    return LibraryClassifier(recipe, shufflenet_v2_x0_5(), stem="conv1.0", head="fc")
