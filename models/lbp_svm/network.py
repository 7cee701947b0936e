# SPDX-License-Identifier: Apache-2.0
"""LBP + SVM: local binary patterns at several scales and a support vector machine, a baseline of table 2 (Sensors 2021,
21, 6868), which has it from Song and Yan, "A noise robust method based on completed local binary patterns for hot-rolled
steel strip surface defects", Applied Surface Science 285, 858-864, 2013.

For comparison and not for hardware. Which patterns and scales Song and Yan had is not known to us beyond rotation
invariance and several scales; ours are those of Ojala, Pietikäinen and Mäenpää (`hwflow.texture.patterns`): (8, 1),
(16, 2) and (24, 3), riu2.
"""

import numpy as np

from hwflow.texture.machine import VectorMachine
from hwflow.texture.patterns import Image, Map, lbp_histogram, least_size
from hwflow.texture.recipe import TextureRecipe

RECIPE = TextureRecipe


def build(recipe: TextureRecipe) -> VectorMachine:
    """The machine of a recipe before it is fitted. Raises ValueError if the images are too small for a scale."""
    least = least_size(recipe.scales)
    if min(recipe.input.shape[1:]) < least:
        raise ValueError(f"input: images of {least}x{least} at least, for the largest radius of scales")

    def describe(image: Image) -> Map:
        return np.concatenate([lbp_histogram(image, scale) for scale in recipe.scales])

    bins = sum(scale.points + 2 for scale in recipe.scales)
    return VectorMachine(len(recipe.classes), recipe.input.channels, bins, describe)
