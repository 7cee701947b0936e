# SPDX-License-Identifier: Apache-2.0
"""The evaluate command: its figures against a count of its own, its JSON, and the trained `mini` on real images."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from hwflow.data.folder import load_folder
from hwflow.data.split import split
from hwflow.evaluate import confusion_matrix, main
from hwflow.models import find_recipe, save_weights

NEU = Path(__file__).parents[2] / "shared" / "data" / "neu-cls"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    draw = np.random.default_rng(0)
    for name, level in (("dark", 60), ("bright", 190)):
        (tmp_path / "data" / name).mkdir(parents=True)
        for i in range(10):
            pixels = np.clip(draw.normal(level, 40, (16, 16)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / name / f"{i}.png")
    return tmp_path / "data"


def test_confusion_counts_true_by_found() -> None:
    labels, found = torch.tensor([0, 0, 1, 2, 2, 2]), torch.tensor([0, 1, 1, 2, 2, 0])
    assert confusion_matrix(labels, found, 3) == [[1, 1, 0], [0, 1, 0], [1, 0, 2]]


def test_json_says_what_the_network_says(
    model_folder: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(3)
    recipe = find_recipe(str(model_folder))
    save_weights(recipe.build(), recipe.weights)
    out = tmp_path / "result.json"
    assert main(["--model", str(model_folder), "--data", str(data), "--json", str(out)]) == 0
    result = json.loads(out.read_text())
    images = load_folder(data, (1, 16, 16), ("dark", "bright"))
    with torch.no_grad():
        found = recipe.load().double()(images.images.double() / 256).argmax(1)
    assert result["n"] == 20
    assert result["top1"] == (found == images.labels).double().mean().item()
    assert result["confusion"] == confusion_matrix(images.labels, found, 2)
    assert (result["model"], result["recipe"], result["engine"]) == ("own_model", "tiny", "torch")
    assert f"top-1 {result['top1']:.2%} of 20 images" in capsys.readouterr().out


def test_the_test_part_is_that_of_training(model_folder: Path, data: Path, tmp_path: Path) -> None:
    recipe = find_recipe(str(model_folder))
    save_weights(recipe.build(), recipe.weights)
    out = tmp_path / "result.json"
    words = ["--model", str(model_folder), "--data", str(data), "--split", "test", "--seed", "5", "--json", str(out)]
    assert main(words) == 0
    images = load_folder(data, (1, 16, 16), ("dark", "bright"))
    assert json.loads(out.read_text())["n"] == len(split(images, 5).test) == 4


def test_bad_input_is_one_line(
    model_folder: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--model", str(model_folder), "--data", str(data)]
    assert main(words) == 2
    assert "no trained weights; train the recipe first" in capsys.readouterr().err
    assert main([*words, "--json", str(tmp_path / "nowhere" / "a.json")]) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert main([*words, "--engine", "magic"]) == 2
    assert "invalid choice: 'magic'" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(not NEU.is_dir(), reason="needs NEU-CLS in ../shared/data/neu-cls")
def test_mini_reaches_its_accuracy(tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    words = ["--model", "bi_shufflenet", "--recipe", "mini", "--data", str(NEU), "--split", "test", "--json", str(out)]
    assert main(words) == 0
    result = json.loads(out.read_text())
    assert result["n"] == 324
    assert result["top1"] >= 0.90
