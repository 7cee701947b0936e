# SPDX-License-Identifier: Apache-2.0
"""The training command on a model of milliseconds: it learns, resumes to the same bits, and says what is wrong."""

import csv
import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from stopped_progress import KilledError, Progress

from hwflow.data.folder import load_folder
from hwflow.errors import UserError
from hwflow.models import find_recipe
from hwflow.train.__main__ import main
from hwflow.train.augment import augment
from hwflow.train.checkpoint import CHECKPOINT_FILE
from hwflow.train.loop import Trained, train


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    draw = np.random.default_rng(0)
    for name, level in (("dark", 60), ("bright", 190)):
        (folder / name).mkdir(parents=True)
        for i in range(30):
            pixels = np.clip(draw.normal(level, 25, (16, 16)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i:02}.png")
    return folder


def _run(model_folder: Path, data: Path, out: Path, progress: Progress, seed: int = 0) -> Trained:
    recipe = find_recipe(str(model_folder))
    out.mkdir(exist_ok=True)
    return train(recipe, load_folder(data, recipe.recipe.input.shape, recipe.recipe.classes), seed, out, progress)


def _rows(out: Path) -> list[dict[str, str]]:
    with (out / "log.csv").open() as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


@pytest.mark.parametrize(
    "epochs", [pytest.param(1, marks=pytest.mark.slow), 3, pytest.param(5, marks=pytest.mark.slow)]
)
def test_a_killed_run_ends_as_one_that_was_not(model_folder: Path, data: Path, tmp_path: Path, epochs: int) -> None:
    whole = _run(model_folder, data, tmp_path / "whole", Progress())
    out = tmp_path / "parts"
    with pytest.raises(KilledError):
        _run(model_folder, data, out, Progress(epochs))
    assert len(_rows(out)) == epochs
    torch.manual_seed(99)  # the state of the process does not matter
    progress = Progress()
    resumed = _run(model_folder, data, out, progress)
    assert progress.lines == [f"{out / CHECKPOINT_FILE}: going on after {epochs} epochs"]
    for name, tensor in whole.network.state_dict().items():
        assert torch.equal(tensor, resumed.network.state_dict()[name]), name
    assert _rows(out) == _rows(tmp_path / "whole")
    assert not (out / CHECKPOINT_FILE).exists()


def test_another_seed_is_another_run(model_folder: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(KilledError):
        _run(model_folder, data, out, Progress(1))
    with pytest.raises(UserError, match=r"another seed \(0, now 1\); remove it to begin again"):
        _run(model_folder, data, out, Progress(), seed=1)


def test_one_bit_weights_need_their_stage(model_folder: Path, data: Path, tmp_path: Path) -> None:
    path = model_folder / "tiny" / "recipe.yaml"
    path.write_text("".join(line for line in path.read_text().splitlines(True) if "binary_weights" not in line))
    recipe = find_recipe(str(model_folder))
    images = load_folder(data, recipe.recipe.input.shape, recipe.recipe.classes)
    with pytest.raises(UserError, match="own_model, recipe tiny: the network has 1-bit weights"):
        train(recipe, images, 0, tmp_path, Progress())


def test_a_broken_checkpoint(model_folder: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(KilledError):
        _run(model_folder, data, out, Progress(1))
    path = out / CHECKPOINT_FILE
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(UserError, match="not a whole checkpoint"):
        _run(model_folder, data, out, Progress())


def test_the_command_learns_and_writes_weights_and_card(
    model_folder: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe_file = model_folder / "tiny" / "recipe.yaml"
    recipe_file.write_text(recipe_file.read_text().replace("epochs: 3", "epochs: 12"))
    out = tmp_path / "out"
    words = ["--model", str(model_folder), "--data", str(data), "--seed", "2", "--out", str(out)]
    assert main(words) == 0
    said = capsys.readouterr().err
    assert "real weights" in said and "1-bit weights" in said
    assert sorted(path.name for path in out.iterdir()) == ["card.md", "log.csv", "weights.safetensors"]
    card = (out / "card.md").read_text()
    accuracy = float(re.search(r"\| ([\d.]+)% of 12 images", card).group(1))  # type: ignore[union-attr]
    assert accuracy >= 90
    assert "python -m hwflow.train --model own_model --recipe tiny --data data --seed 2" in card
    assert str(tmp_path) not in card
    assert hashlib.sha256((out / "weights.safetensors").read_bytes()).hexdigest() in card
    rows = _rows(out)
    assert [row["stage"] for row in rows] == ["real weights"] * 12 + ["1-bit weights"] * 12
    loaded = find_recipe(str(model_folder)).load(out / "weights.safetensors")
    assert not loaded.training


def test_bad_input_is_one_line_and_writes_nothing(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["--model", str(model_folder), "--data", str(tmp_path / "nowhere"), "--out", str(out)]
    assert main(words) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("hwflow train: error: ") and "nowhere: no such folder" in last
    assert not out.exists()


def test_augmentation_moves_pixels_but_keeps_images() -> None:
    images = torch.randint(0, 256, (40, 1, 16, 16), dtype=torch.uint8)
    changed = augment(images, torch.Generator().manual_seed(0))
    assert changed.shape == images.shape
    assert torch.equal(changed, changed.round()) and changed.min() >= 0 and changed.max() <= 255
    assert not any(torch.equal(changed[i], images[i].float()) for i in range(40))
    assert torch.equal(changed, augment(images, torch.Generator().manual_seed(0)))


def test_oblong_images_keep_their_shape() -> None:
    images = torch.randint(0, 256, (20, 3, 8, 24), dtype=torch.uint8)
    assert augment(images, torch.Generator().manual_seed(0)).shape == images.shape
