# SPDX-License-Identifier: Apache-2.0
"""Reading images, labelled folders and splits: what comes out, and what a user is told."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from hwflow.data.folder import ImageSet, load_folder
from hwflow.data.images import load_image
from hwflow.data.split import split
from hwflow.errors import UserError


def _write(path: Path, size: tuple[int, int] = (12, 10), seed: int = 0, mode: str = "L") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = size if mode == "L" else (*size, 3)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(pixels, mode).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, count in (("bright", 20), ("dark", 30)):
        for i in range(count):
            _write(tmp_path / "data" / name / f"{name}_{i:02}.png", seed=i)
    return tmp_path / "data"


def test_an_image_of_the_right_size_keeps_its_pixels(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    _write(path)
    assert np.array_equal(load_image(path, (12, 10), 1)[0], np.asarray(Image.open(path)))


def test_resizing_averages_and_does_not_alias(tmp_path: Path) -> None:
    board = np.indices((64, 64)).sum(0) % 2 * 255
    Image.fromarray(board.astype(np.uint8)).save(tmp_path / "board.png")
    small = load_image(tmp_path / "board.png", (16, 16), 1)
    assert small.shape == (1, 16, 16)
    assert abs(small[0, 1:-1, 1:-1].astype(int) - 127).max() <= 1


def test_grey_and_colour_are_converted(tmp_path: Path) -> None:
    _write(tmp_path / "colour.png", mode="RGB")
    _write(tmp_path / "grey.png")
    assert load_image(tmp_path / "colour.png", (12, 10), 1).shape == (1, 12, 10)
    colour = load_image(tmp_path / "grey.png", (12, 10), 3)
    assert colour.shape == (3, 12, 10)
    assert np.array_equal(colour[0], colour[2])


def test_files_that_are_no_images(tmp_path: Path) -> None:
    text = tmp_path / "a.png"
    text.write_text("hello")
    with pytest.raises(UserError, match=r"a\.png: not an image that can be read"):
        load_image(text, (8, 8), 1)
    _write(tmp_path / "b.png", size=(100, 100))
    (tmp_path / "b.png").write_bytes((tmp_path / "b.png").read_bytes()[:2000])
    with pytest.raises(UserError, match=r"b\.png: damaged"):
        load_image(tmp_path / "b.png", (8, 8), 1)
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(tmp_path / "c.png")
    with pytest.raises(UserError, match=r"c\.png: has more than 8 bits"):
        load_image(tmp_path / "c.png", (8, 8), 1)


def test_a_folder_is_read_in_the_order_of_the_classes(folder: Path) -> None:
    ticks: list[int] = []
    images = load_folder(folder, (1, 12, 10), ["dark", "bright"], lambda done, total, detail="": ticks.append(done))
    assert images.images.shape == (50, 1, 12, 10) and images.images.dtype == torch.uint8
    assert images.labels.tolist() == [0] * 30 + [1] * 20
    assert images.paths[30].name == "bright_00.png"
    assert ticks == list(range(1, 51))


def test_what_is_wrong_with_a_folder(folder: Path) -> None:
    shape = (1, 12, 10)
    with pytest.raises(UserError, match=r"no such folder; .*NEU-CLS"):
        load_folder(folder / "nowhere", shape, ["dark"])
    with pytest.raises(UserError, match=r"class folder drak is missing \(is it dark\?\)"):
        load_folder(folder, shape, ["drak", "bright"])
    with pytest.raises(UserError, match=r"bright: not a class of the recipe"):
        load_folder(folder, shape, ["dark"])
    (folder / "empty").mkdir()
    with pytest.raises(UserError, match=r"empty: holds no image"):
        load_folder(folder, shape, ["dark", "bright", "empty"])


def test_the_split_is_7_to_1_to_2_in_every_class(folder: Path) -> None:
    images = load_folder(folder, (1, 12, 10), ["dark", "bright"])
    parts = split(images, seed=3)
    for indices, counts in ((parts.train, (21, 14)), (parts.validation, (3, 2)), (parts.test, (6, 4))):
        assert Counter(images.labels[indices].tolist()) == dict(enumerate(counts))
    everything = torch.cat([parts.train, parts.validation, parts.test]).sort().values
    assert torch.equal(everything, torch.arange(50))
    assert torch.equal(split(images, seed=3).test, parts.test)
    assert not torch.equal(split(images, seed=4).test, parts.test)


def test_groups_of_the_manifest_stay_on_one_side(folder: Path) -> None:
    rows = ["path\tclass\tgroup"]
    rows += [f"dark/dark_{i:02}.png\tdark\ttile{i // 3}" for i in range(30)]
    (folder / "MANIFEST.tsv").write_text("\n".join(rows) + "\n")
    images = load_folder(folder, (1, 12, 10), ["dark", "bright"])
    assert len(set(images.groups.tolist())) == 10 + 20
    for seed in range(5):
        parts = split(images, seed)
        sides = [set(images.groups[part].tolist()) for part in (parts.train, parts.validation, parts.test)]
        assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
        assert len(parts.test) == 6 + 4


def test_a_manifest_without_paths(folder: Path) -> None:
    (folder / "MANIFEST.tsv").write_text("file\tgroup\na\tb\n")
    with pytest.raises(UserError, match="has a column group, but no column path"):
        load_folder(folder, (1, 12, 10), ["dark", "bright"])


def test_taking_a_part_keeps_everything_together(folder: Path) -> None:
    images = load_folder(folder, (1, 12, 10), ["dark", "bright"])
    part: ImageSet = images.take(torch.tensor([40, 2]))
    assert [path.name for path in part.paths] == ["bright_10.png", "dark_02.png"]
    assert part.labels.tolist() == [1, 0]
    assert torch.equal(part.images[0], images.images[40])
