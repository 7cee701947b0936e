# SPDX-License-Identifier: Apache-2.0
"""What the recipes of models on texture have in common."""

from pydantic import Field, PositiveInt

from hwflow.recipe import FittedRecipe, Section


class Scale(Section):
    """`points` neighbours on a circle of `radius` pixels."""

    points: int = Field(ge=4, le=32)
    radius: PositiveInt


class TextureRecipe(FittedRecipe):
    """The histograms of all `scales` stand one behind the other, and so do those of all channels of the image."""

    scales: tuple[Scale, ...] = Field(min_length=1)
