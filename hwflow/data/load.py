# SPDX-License-Identifier: Apache-2.0
"""The data that a recipe is for, from a folder."""

from pathlib import Path

from hwflow.cli.progress import Tick
from hwflow.data.folder import ImageSet, load_folder
from hwflow.data.segmentation import MaskedImages, load_masked
from hwflow.errors import UserError
from hwflow.recipe import Recipe, SegmentationRecipe


def load_data(folder: Path, recipe: Recipe, tick: Tick | None = None) -> ImageSet | MaskedImages:
    """Images with a mask each if the recipe's network labels pixels, else images in one folder a class.

    Raises UserError where `load_masked` or `load_folder` do, and if masks cannot tell the recipe's classes apart.
    """
    if not isinstance(recipe, SegmentationRecipe):
        return load_folder(folder, recipe.input.shape, recipe.classes, tick)
    if len(recipe.classes) != 2:
        raise UserError(
            f"{folder}: masks tell two classes apart, the recipe has {len(recipe.classes)}; use one of background and"
            " defect"
        )
    return load_masked(folder, recipe.input.shape, tick)
