# SPDX-License-Identifier: Apache-2.0
"""Training and evaluation of a network that labels pixels: it learns, resumes to the same bits, and is measured as by
hand."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from stopped_progress import KilledError, Progress

from hwflow.data.folder import load_folder, load_masked
from hwflow.errors import UserError
from hwflow.evaluate import main as evaluate
from hwflow.models import find_recipe
from hwflow.train.__main__ import main
from hwflow.train.loop import Trained, train

TINY = """\
input: {channels: 1, height: 16, width: 16}
classes: [background, defect]
kind: hardware
width: 2
k: 4
training:
  batch: 10
  warmup_epochs: 0
  loss: {cross_entropy: 1.0, tversky: 1.0}
  real_weights: {epochs: EPOCHS, learning_rate: 3.0e-2}
  binary_weights: {epochs: EPOCHS, learning_rate: 3.0e-2}
"""
FIGURES = ("dice", "accuracy", "precision", "recall", "fpr", "fnr", "mae")


@pytest.fixture
def model(own_model: Callable[[str, str, str], Path]) -> Path:
    return own_model("own_unet", "u_binet", TINY.replace("EPOCHS", "2"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Bright defects on a dark ground."""
    draw = np.random.default_rng(0)
    for name in ("images", "masks"):
        (tmp_path / "data" / name).mkdir(parents=True)
    for i in range(30):
        mask = np.zeros((16, 16), bool)
        top, left = draw.integers(0, 10, 2)
        mask[top : top + 6, left : left + 6] = True
        pixels = np.clip(draw.normal(60, 20, mask.shape) + 120 * mask, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "data" / "images" / f"{i:02}.png")
        Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).save(tmp_path / "data" / "masks" / f"{i:02}.png")
    return tmp_path / "data"


def _run(model: Path, data: Path, out: Path, progress: Progress) -> Trained:
    recipe = find_recipe(str(model))
    out.mkdir(exist_ok=True)
    return train(recipe, load_masked(data, recipe.recipe.input.shape), 0, out, progress)


def _rows(out: Path) -> list[dict[str, str]]:
    with (out / "log.csv").open() as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def test_a_killed_run_ends_as_one_that_was_not(model: Path, data: Path, tmp_path: Path) -> None:
    whole = _run(model, data, tmp_path / "whole", Progress())
    out = tmp_path / "parts"
    with pytest.raises(KilledError):
        _run(model, data, out, Progress(3))
    torch.manual_seed(99)
    resumed = _run(model, data, out, Progress())
    for name, tensor in whole.network.state_dict().items():
        assert torch.equal(tensor, resumed.network.state_dict()[name]), name
    assert _rows(out) == _rows(tmp_path / "whole")
    assert (whole.measure, len(whole.parts.test)) == ("Dice", 6)
    last = [row.validation_score for row in whole.rows if row.stage == "1-bit weights"]
    assert whole.validation_score == max(last) == last[whole.best_epoch - 1]


def test_one_stage_of_real_weights(model: Path, data: Path, tmp_path: Path) -> None:
    recipe = model / "tiny" / "recipe.yaml"
    lines = [line for line in recipe.read_text().splitlines() if "binary_weights" not in line]
    text = "\n".join(lines).replace("hardware", "paper").replace("k: 4", "k: float\nweights: real\nactivation: silu")
    recipe.write_text(text)
    result = _run(model, data, tmp_path / "out", Progress())
    assert [row.stage for row in result.rows] == ["real weights"] * 2
    assert result.best_epoch in (1, 2)


def test_the_commands_learn_and_measure(
    model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = model / "tiny" / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("epochs: 2", "epochs: 7"))
    out = tmp_path / "out"
    assert main(["--model", str(model), "--data", str(data), "--out", str(out)]) == 0
    card = (out / "card.md").read_text()
    assert "| test Dice |" in card and "| images | 30 with masks; 14.06% of the pixels are defects |" in card
    assert "7 with real weights, then 7 with 1-bit weights" in card
    shutil.copy(out / "weights.safetensors", model / "tiny")
    words = ["--model", str(model), "--data", str(data), "--json", str(tmp_path / "result.json")]
    assert evaluate(words) == 0
    result = json.loads((tmp_path / "result.json").read_text())
    assert set(result) == {"model", "recipe", "engine", "n", *FIGURES}
    assert (result["model"], result["engine"], result["n"]) == ("own_unet", "torch", 30)
    images = load_masked(data, (1, 16, 16))
    with torch.no_grad():
        found = find_recipe(str(model)).load().double()(images.images.double() / 256).argmax(1)
    assert images.masks is not None
    masks = images.masks[:, 0]
    right = int(((found == 1) & (masks == 1)).sum())
    assert result["dice"] == 2 * right / int((found == 1).sum() + (masks == 1).sum())
    assert result["accuracy"] == float((found == masks).double().mean())
    assert result["dice"] > 0.5
    assert f"dice {result['dice']:.4f}" in capsys.readouterr().out
    assert evaluate([*words, "--engine", "integer"]) == 0
    integer = json.loads((tmp_path / "result.json").read_text())
    assert integer.pop("reference")["differing"] == 0
    assert integer == result | {"engine": "integer"}
    assert evaluate([*words, "--split", "test"]) == 0
    assert json.loads((tmp_path / "result.json").read_text())["n"] == 6


def test_images_without_masks(data: Path, tmp_path: Path) -> None:
    recipe = find_recipe("u_binet", "mini")
    images = load_folder(data, (1, 16, 16), ("defect",))
    with pytest.raises(UserError, match=r"u_binet, recipe mini: labels pixels, and .*images was read without masks"):
        train(recipe, images, 0, tmp_path, Progress())


def test_bad_input_is_one_line(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--model", str(model), "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main(words) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("hwflow train: error: ") and "it takes one folder a class, or images/ and masks/" in last
    assert not (tmp_path / "out").exists()
