# SPDX-License-Identifier: Apache-2.0
"""The data that a recipe is for, from a folder, and their parts by its protocol."""

from pathlib import Path

from hwflow.cli.progress import Tick
from hwflow.data.folder import ImageSet, load_folder, load_masked
from hwflow.data.split import Split, split
from hwflow.errors import UserError
from hwflow.recipe import BaseRecipe, SegmentationRecipe


def load_data(folder: Path, recipe: BaseRecipe, tick: Tick | None = None) -> ImageSet:
    """Images with a mask each if the recipe's network labels pixels, else without.

    Raises UserError where `load_masked` or `load_folder` do, and if masks cannot tell the recipe's classes apart.
    """
    if not isinstance(recipe, SegmentationRecipe):
        return load_folder(folder, recipe.input.shape, recipe.classes, tick)
    if len(recipe.classes) != 2:
        raise UserError(
            f"{folder}: masks tell two classes apart, the recipe has {len(recipe.classes)}; use one of background and"
            " defect"
        )
    return load_masked(folder, recipe.input.shape, recipe.data.only or None, tick)


def split_data(images: ImageSet, recipe: BaseRecipe, seed: int) -> Split:
    """The parts for training, validation and test that the recipe's protocol makes by `seed`; raises as `split`."""
    return split(images, seed, recipe.data.split, recipe.data.at_most)
