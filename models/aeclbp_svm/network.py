# SPDX-License-Identifier: Apache-2.0
"""AECLBP + SVM: adjacent evaluation completed local binary patterns at several scales and a support vector machine, a
baseline of table 2 (Sensors 2021, 21, 6868), which has it from Song and Yan, "A noise robust method based on completed
local binary patterns for hot-rolled steel strip surface defects", Applied Surface Science 285, 858-864, 2013.

For comparison and not for hardware. What is computed, and what the source leaves open, says
`hwflow.texture.patterns.clbp_histogram`. By keys of the recipe also CLBP + SVM, which Song and Yan compare with.
"""

import numpy as np
from pydantic import Field, field_validator

from hwflow.texture.machine import VectorMachine
from hwflow.texture.patterns import Image, Joint, Map, clbp_bins, clbp_histogram, least_size
from hwflow.texture.recipe import TextureRecipe


class AeclbpRecipe(TextureRecipe):
    """`window`: side of the evaluation window in pixels; 1 has none, which makes it CLBP. `joint`: which of sign (S),
    magnitude (M) and centre (C) share a histogram."""

    window: int = Field(3, ge=1)
    joint: Joint = "S/M/C"

    @field_validator("window")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError(f"must be odd, got {value}")
        return value


def build(recipe: AeclbpRecipe) -> VectorMachine:
    """The machine of a recipe before it is fitted. Raises ValueError if the images are too small for a scale."""
    least = least_size(recipe.scales, recipe.window)
    if min(recipe.input.shape[1:]) < least:
        raise ValueError(f"input: images of {least}x{least} at least, for the largest radius of scales and the window")

    def describe(image: Image) -> Map:
        return np.concatenate([clbp_histogram(image, scale, recipe.window, recipe.joint) for scale in recipe.scales])

    bins = sum(clbp_bins(scale, recipe.joint) for scale in recipe.scales)
    return VectorMachine(len(recipe.classes), recipe.input.channels, bins, describe)


RECIPE = AeclbpRecipe
