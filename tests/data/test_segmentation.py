# SPDX-License-Identifier: Apache-2.0
"""Images with masks: what is read, how it is split and turned, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from hwflow.data.load import load_data
from hwflow.data.segmentation import load_masked, turn_and_mirror
from hwflow.data.split import split
from hwflow.errors import UserError
from hwflow.models import find_recipe

NEU = Path(__file__).parents[3] / "shared" / "data" / "neu-patches-seg"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    draw = np.random.default_rng(0)
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
        for i in range(10):
            Image.fromarray(draw.integers(0, 256, (8, 12), dtype=np.uint8)).save(tmp_path / name / f"{i}.png")
    return tmp_path


def test_pairs_are_read_and_thresholded(folder: Path) -> None:
    Image.fromarray(np.array([[127, 128, 255, 0]] * 4, np.uint8)).save(folder / "masks" / "3.png")
    Image.fromarray(np.full((4, 4), 77, np.uint8)).save(folder / "images" / "3.png")
    data = load_masked(folder, (1, 4, 4))
    assert data.images.shape == (10, 1, 4, 4) and data.images.dtype == torch.uint8
    assert data.masks[3].tolist() == [[0, 1, 1, 0]] * 4
    assert data.images[3].unique().tolist() == [77]
    assert [path.name for path in data.paths[:2]] == ["0.png", "1.png"]
    assert data.take(torch.tensor([3, 0])).paths == (data.paths[3], data.paths[0])


def test_a_group_stays_on_one_side(folder: Path) -> None:
    rows = "".join(f"images/{i}.png\tpair{i // 2}\n" for i in range(10))
    (folder / "MANIFEST.tsv").write_text("path\tgroup\n" + rows)
    data = load_masked(folder, (1, 8, 8))
    assert data.groups.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    for seed in range(5):
        parts = split(data, seed)
        sides = [set((part // 2).tolist()) for part in (parts.train, parts.validation, parts.test)]
        assert len(parts.test) == 2 and sum(map(len, sides)) == len(set.union(*sides)) == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: (f / "masks" / "4.png").unlink(), r"images/4\.png: has no mask of its name"),
        (lambda f: (f / "images" / "4.png").unlink(), r"masks/4\.png: has no image of its name"),
        (
            lambda f: Image.new("L", (12, 9)).save(f / "masks" / "4.png"),
            r"masks/4\.png: is 9 x 12, its image 8 x 12; a mask has its image's size",
        ),
        (lambda f: (f / "masks" / "4.png").write_bytes(b"no image"), r"masks/4\.png: not an image"),
        (lambda f: (f / "masks").rename(f / "labels"), r"masks: no such folder; --data takes a folder that holds"),
        (lambda f: [p.unlink() for p in f.rglob("*.png")], r"images: holds no image"),
    ],
)
def test_bad_folders(folder: Path, change: object, message: str) -> None:
    change(folder)  # type: ignore[operator]
    with pytest.raises(UserError, match=message) as caught:
        load_masked(folder, (1, 8, 8))
    assert "\n" not in str(caught.value)


def test_masks_hold_two_classes(folder: Path) -> None:
    recipe = find_recipe("u_binet", "mini").recipe.model_copy(update={"classes": ("back", "a", "b")})
    with pytest.raises(UserError, match="masks tell two classes apart, the recipe has 3"):
        load_data(folder, recipe)


@pytest.mark.parametrize("size", [(8, 8), (4, 12)])
def test_a_mask_turns_with_its_image(size: tuple[int, int]) -> None:
    masks = torch.randint(0, 2, (40, *size), dtype=torch.uint8)
    images = masks[:, None].float() * 200
    turned, turned_masks = turn_and_mirror(images, masks, torch.Generator().manual_seed(0))
    assert torch.equal(turned[:, 0], turned_masks.float() * 200)
    kinds = {
        tuple(m.flatten().tolist())
        for m in turn_and_mirror(
            images[:1].expand(200, -1, -1, -1), masks[:1].expand(200, -1, -1), torch.Generator().manual_seed(0)
        )[1]
    }
    assert len(kinds) == (8 if size[0] == size[1] else 4)


@pytest.mark.skipif(not NEU.is_dir(), reason="needs NEU patches with masks in ../shared/data/neu-patches-seg")
def test_neu_patches() -> None:
    data = load_masked(NEU, (1, 64, 64))
    assert len(data) == 270
    assert 0.21 < float(data.masks.float().mean()) < 0.24
    same = [i for i, path in enumerate(data.paths) if path.stem in ("Pa_101", "Pa_105")]
    assert len({int(data.groups[i]) for i in same}) == 1 and len(set(data.groups.tolist())) == 269
