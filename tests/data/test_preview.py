# SPDX-License-Identifier: Apache-2.0
"""The preview command: its table and picture of a made-up set, what it refuses, and the counts of the real sets."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from hwflow.data.__main__ import main
from hwflow.data.folder import load_folder, load_masked
from hwflow.data.preview import OUTLINE, outline
from hwflow.data.split import ALL, PAPER_SEEDS, split

SETS = Path(__file__).parents[3] / "shared" / "data"
real = pytest.mark.skipif(not SETS.is_dir(), reason="needs the sets in ../shared/data")


@pytest.fixture
def patches(tmp_path: Path) -> Path:
    for i in range(1, 6):
        for folder, pixels in (("images", np.full((20, 30), 40 * i)), ("masks", np.zeros((20, 30)))):
            if folder == "masks" and i > 1:
                pixels[5:10, 5:10] = 255
            path = tmp_path / "set" / folder / f"Pa_{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(path)
    return tmp_path / "set"


def test_a_table_and_a_picture(patches: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a.png"
    assert main(["preview", "--data", str(patches), "--out", str(out), "--images", "2"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].split() == ["class", "images", "published", "groups", "width", "x", "height", "with", "a", "defect"]
    assert said[1].split() == ["patches", "5", "300", "5", "30", "x", "20", "4"]  # flat: there is no noise
    with Image.open(out) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert (pixels == OUTLINE).all(-1).sum() > 100  # the defects of the two images are outlined


def test_the_outline_leaves_the_defect_to_be_seen() -> None:
    mask = np.zeros((7, 7), np.uint8)
    mask[3, 3] = 255
    drawn = outline(Image.new("RGB", (7, 7), (100, 100, 100)), Image.fromarray(mask))
    assert (drawn == OUTLINE).all(-1).sum() == 8
    assert drawn[3, 3].tolist() == [123, 99, 85]
    assert drawn[0, 0].tolist() == [100, 100, 100]


def test_bad_input_is_one_line_and_writes_nothing(
    patches: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.png"
    Image.new("L", (3, 3)).save(patches / "masks" / "Pa_2.png")
    for words, said in (
        (["--data", str(patches), "--out", str(out)], "Pa_2.png: the mask is 3x3, its image Pa_2.png 30x20"),
        (["--data", str(tmp_path / "none"), "--out", str(out)], "none: no such folder"),
        (["--data", str(patches), "--out", str(tmp_path / "a.jpg")], "the picture is a PNG"),
        (["--data", str(patches), "--out", str(out), "--images", "0"], "at least 1 is needed"),
    ):
        assert main(["preview", *words]) == 2
        last = capsys.readouterr().err.strip().splitlines()[-1]
        assert last.startswith("hwflow data: error: ") and said in last
    assert not list(tmp_path.glob("*.png")) and not list(tmp_path.glob(".*"))


@real
@pytest.mark.slow
def test_magnetic_tile_has_the_counts_of_its_readme() -> None:
    images = load_masked(SETS / "magnetic-tile", (1, 64, 64))
    assert len(images) == 1188
    assert torch.bincount(images.labels).tolist() == [103, 62, 50, 26, 856, 91]
    assert images.masks is not None and not images.masks[images.labels == 4].any()
    for seed in PAPER_SEEDS:
        for at_most, count in ((ALL, 1188), ({"MT_Free": 80}, 332 + 80)):
            parts = list(vars(split(images, seed, at_most=at_most)).values())
            assert sum(map(len, parts)) == count
            of = [set(images.groups[part].tolist()) for part in parts]
            assert not (of[0] & of[1] or of[0] & of[2] or of[1] & of[2])
            assert all(len(set(images.labels[part].tolist())) == 6 for part in parts)


@real
@pytest.mark.slow
def test_the_neu_sets_have_the_counts_of_their_readmes() -> None:
    masked = load_masked(SETS / "neu-patches-seg", (1, 200, 200))
    assert len(masked) == 270 and masked.classes == ("patches",) and masked.masks is not None
    assert float(masked.masks.float().mean()) == pytest.approx(0.2247, abs=1e-4)
    classes = ("crazing", "inclusion", "patches", "pitted_surface", "rolled-in_scale", "scratches")
    images = load_folder(SETS / "neu-cls", (1, 16, 16), classes)
    assert torch.bincount(images.labels).tolist() == [270] * 6
    # One pair of equal images stands in both sets; it may not cross parts.
    parts = split(images, 0)
    indices = torch.cat([parts.train, parts.validation, parts.test]).numpy().tobytes()
    assert hashlib.sha256(indices).hexdigest()[:16] == "536361ce2b5fa9ee"  # the test part of shipped weights
    assert len(set(images.groups.tolist())) == 1619 and len(set(masked.groups.tolist())) == 269
