# SPDX-License-Identifier: Apache-2.0
"""The forms in which sets are published, what is checked on loading, and the two ways to split; small made-up sets."""

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from hwflow.data.folder import ImageSet, load_folder, load_masked
from hwflow.data.known import tile_groups
from hwflow.data.split import split
from hwflow.errors import UserError

SHAPE = (1, 8, 8)
TILES = {"MT_Blowhole": 12, "MT_Free": 30}


def _save(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def _pair(image: Path, mask: Path, seed: int, level: int = 255) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (10, 12), dtype=np.uint8)
    _save(image, pixels)
    drawn = np.zeros((10, 12), np.uint8)
    drawn[2:8, 3:9] = level
    _save(mask, drawn)


@pytest.fixture(params=["", "Imgs"])
def tiles(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Magnetic Tile as published, with the folder Imgs, and as a copy without it; six exposures of each area."""
    for name, count in TILES.items():
        for i in range(count):
            number = (i // 6) * 1000 + (i % 6) * 40 + (50_000 if name == "MT_Free" else 0)
            image = tmp_path / "tiles" / name / request.param / f"exp{i % 6 + 1}_num_{number}.jpg"
            _pair(image, image.with_suffix(".png"), seed=i, level=0 if name == "MT_Free" else 255)
    return tmp_path / "tiles"


@pytest.fixture
def patches(tmp_path: Path) -> Path:
    for i in range(1, 11):
        _pair(tmp_path / "set" / "images" / f"Pa_{i}.png", tmp_path / "set" / "masks" / f"Pa_{i}.png", seed=i)
    return tmp_path / "set"


def _manifest(folder: Path, rows: list[tuple[str, str, str]]) -> None:
    lines = ["path\tgroup\tsha256", *("\t".join(row) for row in rows)]
    (folder / "MANIFEST.tsv").write_text("\n".join(lines) + "\n")


def test_masks_beside_photographs_are_no_images(tiles: Path) -> None:
    images = load_folder(tiles, SHAPE, tuple(TILES))
    assert Counter(images.labels.tolist()) == {0: 12, 1: 30}
    assert images.masks is None
    assert {path.suffix for path in images.paths} == {".jpg"}
    masked = load_masked(tiles, SHAPE)
    assert masked.classes == tuple(TILES) and torch.equal(masked.images, images.images)
    assert masked.masks is not None and masked.masks.shape == (42, 1, 8, 8)
    assert masked.masks[masked.labels == 0].flatten(1).amax(1).tolist() == [1] * 12
    assert not masked.masks[masked.labels == 1].any()


def test_tiles_are_grouped_by_their_numbers(tiles: Path) -> None:
    images = load_folder(tiles, SHAPE, tuple(TILES))
    assert sorted(Counter(images.groups.tolist()).values()) == [6] * 7
    assert tile_groups(["exp1_num_100", "exp2_num_400", "exp1_num_701"]) == ["num_100", "num_100", "num_701"]
    assert tile_groups(["exp1_num_100", "photo"]) is None


def test_one_defect_by_itself(tiles: Path) -> None:
    images = load_masked(tiles, SHAPE, ("MT_Blowhole",))
    assert images.classes == ("MT_Blowhole",) and len(images) == 12
    with pytest.raises(UserError, match=r"MT_Free: not a class of the recipe \(MT_Blowhole\)"):
        load_folder(tiles, SHAPE, ("MT_Blowhole",))


def test_images_and_masks_in_two_folders(patches: Path) -> None:
    images = load_masked(patches, (3, 10, 12))
    assert images.classes == ("patches",) and images.images.shape == (10, 3, 10, 12)
    assert images.masks is not None and images.masks.dtype == torch.uint8
    assert images.masks.sum((1, 2, 3)).tolist() == [36] * 10
    part = images.take(torch.tensor([3]))
    assert part.masks is not None and torch.equal(part.masks[0], images.masks[3])


def test_the_authors_names_of_the_two_folders(patches: Path) -> None:
    (patches / "images").rename(patches / "Source images")
    (patches / "masks").rename(patches / "Ground truth")
    for i in (1, 2):
        (patches / "Source images" / f"Pa_{i}.png").rename(patches / "Source images" / f"Sc_{i}.png")
        (patches / "Ground truth" / f"Pa_{i}.png").rename(patches / "Ground truth" / f"Sc_{i}.png")
    images = load_masked(patches, SHAPE)
    assert images.classes == ("patches", "scratches")
    assert torch.bincount(images.labels).tolist() == [8, 2]
    assert load_masked(patches, SHAPE, ("scratches",)).classes == ("scratches",)
    with pytest.raises(UserError, match=r"no image of class scratch \(did you mean scratches\?\)"):
        load_masked(patches, SHAPE, ("scratch",))


def test_files_of_another_naming_are_one_class(patches: Path) -> None:
    for folder in ("images", "masks"):
        for path in (patches / folder).iterdir():
            path.rename(path.with_name(path.name.replace("Pa_", "part")))
    assert load_masked(patches, SHAPE).classes == ("defect",)


def test_neu_names_in_one_folder(tmp_path: Path) -> None:
    for code in ("Cr", "RS"):
        for i in (1, 2):
            _save(tmp_path / "set" / f"{code}_{i}.bmp", np.full((10, 12), i, np.uint8))
    images = load_folder(tmp_path / "set", SHAPE, ("rolled-in_scale", "crazing"))
    assert [path.name for path in images.paths] == ["RS_1.bmp", "RS_2.bmp", "Cr_1.bmp", "Cr_2.bmp"]
    assert images.labels.tolist() == [0, 0, 1, 1]
    with pytest.raises(UserError, match=r"no image of class patches; there are crazing, rolled-in_scale"):
        load_folder(tmp_path / "set", SHAPE, ("crazing", "patches"))
    with pytest.raises(UserError, match=r"RS_1\.bmp: rolled-in_scale is not a class of the recipe \(crazing\)"):
        load_folder(tmp_path / "set", SHAPE, ("crazing",))


@pytest.mark.parametrize(("level", "expected"), [(127, None), (128, 36)])
def test_masks_are_thresholded_above_127(patches: Path, level: int, expected: int | None) -> None:
    _pair(patches / "images" / "Pa_1.png", patches / "masks" / "Pa_1.png", seed=1, level=level)
    if expected is None:
        with pytest.raises(UserError, match=r"Pa_1\.png: no pixel of the mask is above 127, the brightest is 127"):
            load_masked(patches, (1, 10, 12))
        return
    masks = load_masked(patches, (1, 10, 12)).masks
    assert masks is not None and int(masks[0].sum()) == expected


def test_a_resized_mask_is_defect_where_most_of_it_is(patches: Path) -> None:
    drawn = np.zeros((10, 12), np.uint8)
    drawn[:, :5] = 255  # two and a half of the pixels that the smaller mask has
    drawn[0, 5] = 255
    _save(patches / "masks" / "Pa_1.png", drawn)
    masks = load_masked(patches, (1, 10, 6)).masks
    assert masks is not None and set(masks.unique().tolist()) == {0, 1}
    assert masks[0, 0, 5].tolist() == [1, 1, 0, 0, 0, 0] or masks[0, 0, 5].tolist() == [1, 1, 1, 0, 0, 0]


def test_what_is_wrong_with_masks(patches: Path) -> None:
    mask = patches / "masks" / "Pa_3.png"
    _save(mask, np.zeros((10, 11), np.uint8))
    with pytest.raises(UserError, match=r"masks/Pa_3\.png: the mask is 11x10, its image Pa_3\.png 12x10"):
        load_masked(patches, SHAPE)
    mask.write_bytes(mask.read_bytes()[:45])
    with pytest.raises(UserError, match=r"masks/Pa_3\.png: (damaged|not an image)"):
        load_masked(patches, SHAPE)
    mask.unlink()
    with pytest.raises(UserError, match=r"images/Pa_3\.png: has no mask; add a mask of the same name"):
        load_masked(patches, SHAPE)
    (patches / "images" / "Pa_3.png").unlink()
    assert len(load_masked(patches, SHAPE)) == 9
    (patches / "images" / "Pa_4.png").unlink()
    with pytest.raises(UserError, match=r"masks/Pa_4\.png: a mask without an image of the same name"):
        load_masked(patches, SHAPE)


def test_a_lonely_mask_beside_photographs_is_named(tiles: Path) -> None:
    lost = next((tiles / "MT_Blowhole").rglob("*.jpg"))
    lost.unlink()
    with pytest.raises(UserError, match=rf"{lost.stem}\.png: a mask without an image"):
        load_folder(tiles, SHAPE, tuple(TILES))


def test_a_folder_without_masks(tmp_path: Path) -> None:
    _save(tmp_path / "set" / "a" / "1.png", np.zeros((4, 4), np.uint8))
    with pytest.raises(UserError, match=r"a/1\.png: has no mask"):
        load_masked(tmp_path / "set", SHAPE)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no folder of images"):
        load_masked(tmp_path / "empty", SHAPE)


def test_the_manifest_says_what_is_missing_or_changed(patches: Path) -> None:
    files = sorted(patches.rglob("*.png"))
    rows = [
        (path.relative_to(patches).as_posix(), path.stem, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in files
    ]
    _manifest(patches, rows)
    assert len(load_masked(patches, SHAPE)) == 10
    _manifest(patches, [*rows, ("images/Pa_77.png", "Pa_77", "")])
    with pytest.raises(UserError, match=r"Pa_77\.png: listed in MANIFEST\.tsv but missing \(1 in all\)"):
        load_masked(patches, SHAPE)
    _manifest(patches, rows)
    for changed in ("images", "masks"):
        path = patches / changed / "Pa_5.png"
        before = path.read_bytes()
        _save(path, np.full((10, 12), 200, np.uint8))
        with pytest.raises(UserError, match=rf"{changed}/Pa_5\.png: differs from the file that MANIFEST\.tsv lists"):
            load_masked(patches, SHAPE)
        path.write_bytes(before)


def _labelled(labels: list[int], groups: list[int]) -> ImageSet:
    count = len(labels)
    paths = tuple(Path("set") / f"{i}.png" for i in range(count))
    images = torch.zeros((count, 1, 1, 1), dtype=torch.uint8)
    return ImageSet(images, torch.tensor(labels), torch.tensor(groups), paths, ("a", "b", "MT_Free"))


def test_the_papers_split_takes_no_notice_of_groups() -> None:
    images = _labelled([0] * 40 + [1] * 60, [i // 10 for i in range(100)])
    by_file = split(images, 0, "file")
    assert [len(part) for part in (by_file.train, by_file.validation, by_file.test)] == [70, 10, 20]
    assert set(images.groups[by_file.train].tolist()) & set(images.groups[by_file.test].tolist())
    alone = _labelled([0] * 40 + [1] * 60, list(range(100)))
    assert torch.equal(split(alone, 0, "group").test, by_file.test)


def test_groups_of_several_classes_stay_together_and_every_part_has_each_class() -> None:
    draw = np.random.default_rng(0)
    labels: list[int] = []
    groups: list[int] = []
    for group in range(60):  # class 0 is rare, and in groups larger than its validation share of 3
        kind = 0 if group < 5 else 1 if group < 20 else 2
        members = [kind] * 6 + [2] * int(draw.integers(0, 7))
        labels += members
        groups += [group] * len(members)
    images = _labelled(labels, groups)
    for seed in range(5):
        parts = split(images, seed)
        sides = [parts.train, parts.validation, parts.test]
        assert torch.equal(torch.cat(sides).sort().values, torch.arange(len(images)))
        of = [set(images.groups[side].tolist()) for side in sides]
        assert not (of[0] & of[1] or of[0] & of[2] or of[1] & of[2])
        assert all(set(images.labels[side].tolist()) == {0, 1, 2} for side in sides)
        shares = [len(side) / len(images) for side in sides]
        assert all(abs(share - wanted) < 0.05 for share, wanted in zip(shares, (0.7, 0.1, 0.2), strict=True))


def test_an_empty_part_is_refused() -> None:
    with pytest.raises(UserError, match=r"^set: a 7:1:2 split of its 8 images leaves none for the validation part"):
        split(_labelled([0] * 8, list(range(8))), 0)
    with pytest.raises(UserError, match="leaves none for the validation part"):
        split(_labelled([0] * 20, [0] * 20), 0)


def test_free_tiles_are_chosen_by_seed() -> None:
    images = _labelled([0] * 10 + [2] * 100 + [1] * 10, list(range(120)))
    few = {"MT_Free": 80}

    def chosen(seed: int) -> set[int]:
        parts = split(images, seed, at_most=few)
        return set(torch.cat([parts.train, parts.validation, parts.test]).tolist())

    assert torch.bincount(images.labels[sorted(chosen(0))]).tolist() == [10, 10, 80]
    assert chosen(0) != chosen(1) and len(chosen(1)) == 100
    assert len(torch.cat(list(vars(split(images, 0, at_most={"MT_Free": 101})).values()))) == 120
    with pytest.raises(UserError, match="no class x to choose 80 images of"):
        split(images, 0, at_most={"x": 80})
