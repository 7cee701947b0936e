# SPDX-License-Identifier: Apache-2.0
"""What a recipe says of its data: masks or none, and which images are for the test."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hwflow.data.load import load_data, split_data
from hwflow.errors import UserError
from hwflow.models import find_recipe
from hwflow.recipe import Data, SegmentationData


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    """Two classes of twenty images, four exposures of each area."""
    for name in ("dark", "bright"):
        (tmp_path / name).mkdir()
        for i in range(20):
            Image.fromarray(np.full((8, 8), i, np.uint8)).save(tmp_path / name / f"{i:02}.png")
    rows = "".join(f"{name}/{i:02}.png\t{name}{i // 4}\n" for name in ("dark", "bright") for i in range(20))
    (tmp_path / "MANIFEST.tsv").write_text("path\tgroup\n" + rows)
    return tmp_path


def test_a_recipe_says_how_its_images_are_split(tiles: Path) -> None:
    plain = find_recipe("bi_shufflenet", "mini").recipe.model_copy(update={"classes": ("dark", "bright")})
    images = load_data(tiles, plain)
    assert images.masks is None

    def crossing(data: Data) -> tuple[set[int], int]:
        parts = split_data(images, plain.model_copy(update={"data": data}), 0)
        train, test = (set(images.groups[part].tolist()) for part in (parts.train, parts.test))
        return train & test, sum(len(part) for part in vars(parts).values())

    assert crossing(Data()) == (set(), 40)
    shared, count = crossing(Data(split="file", at_most={"bright": 15}))
    assert shared and count == 35


def test_masks_hold_two_classes(tiles: Path) -> None:
    recipe = find_recipe("u_binet", "mini").recipe.model_copy(update={"classes": ("back", "a", "b")})
    with pytest.raises(UserError, match="masks tell two classes apart, the recipe has 3"):
        load_data(tiles, recipe)
    with pytest.raises(UserError, match=r"00\.png: has no mask"):
        load_data(tiles, find_recipe("u_binet", "mini").recipe)


def test_a_recipe_for_pixels_may_take_one_kind_of_defect(tmp_path: Path) -> None:
    for name in ("MT_Break", "MT_Crack"):
        (tmp_path / name).mkdir()
        for i in range(3):
            Image.fromarray(np.full((8, 8), i, np.uint8)).save(tmp_path / name / f"{i}.jpg")
            Image.fromarray(np.full((8, 8), 255, np.uint8)).save(tmp_path / name / f"{i}.png")
    recipe = find_recipe("u_binet", "mini").recipe
    assert len(load_data(tmp_path, recipe)) == 6
    one = recipe.model_copy(update={"data": SegmentationData(only=("MT_Crack",))})
    assert {path.parent.name for path in load_data(tmp_path, one).paths} == {"MT_Crack"}
    none = recipe.model_copy(update={"data": SegmentationData(only=("MT_Crak",))})
    with pytest.raises(UserError, match="class folder MT_Crak is missing"):
        load_data(tmp_path, none)
