# SPDX-License-Identifier: Apache-2.0
"""The commands on a model that is fitted: it tells textures apart, says what it chose, and refuses what needs layers."""

import csv
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hwflow.build import main as build
from hwflow.count.__main__ import main as count
from hwflow.errors import UserError
from hwflow.evaluate import main as evaluate
from hwflow.models import find_recipe
from hwflow.train.__main__ import main as train

CLASSES = ("grain", "stripes", "waves")
RECIPE = """\
input: {channels: 1, height: 32, width: 32}
classes: [grain, stripes, waves]
scales: [{points: 8, radius: 1}, {points: 8, radius: 2}]
training: {cost: [100, 1], gamma: [1, 0.3]}
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("textures")
    draw = np.random.default_rng(0)
    y, x = np.mgrid[:32, :32]
    for name in CLASSES:
        (folder / name).mkdir()
        for i in range(20):
            phase = draw.uniform(0, 6)
            plain = {"grain": 0 * x, "stripes": 50 * np.sin(1.5 * x + phase), "waves": 50 * np.sin((x + y) / 5 + phase)}
            pixels = np.clip(120 + plain[name] + draw.normal(0, 8, x.shape), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i:02}.png")
    return folder


@pytest.fixture
def lbp(own_model: Callable[[str, str, str], Path]) -> Path:
    return own_model("lbp_svm", "lbp_svm", RECIPE)


@pytest.mark.parametrize("model", ["lbp_svm", "aeclbp_svm"])
@pytest.mark.parametrize("channels", [1, 3])
def test_train_and_evaluate(
    model: str,
    channels: int,
    data: Path,
    own_model: Callable[[str, str, str], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = own_model(model, model, RECIPE.replace("channels: 1", f"channels: {channels}"))
    out = tmp_path / "out"
    words = ["--model", str(folder), "--data", str(data), "--seed", "3"]
    assert train([*words, "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["card.md", "log.csv", "result.json", "weights.safetensors"]
    assert sorted(json.loads((out / "result.json").read_text())["versions"]) == ["scikit-learn", "torch"]

    with (out / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["cost"], row["gamma"]) for row in rows] == [
        ("1.0", "0.3"),
        ("1.0", "1.0"),
        ("100.0", "0.3"),
        ("100.0", "1.0"),
    ]
    best = max(float(row["validation_score"]) for row in rows)
    chosen = next(row for row in rows if float(row["validation_score"]) == best)

    card = (out / "card.md").read_text()
    assert (
        f"| chosen | C {float(chosen['cost']):g} and gamma {float(chosen['gamma']):g}, on the validation part |" in card
    )
    assert "| tried | 4 pairs, C of 1 to 100, gamma of 0.3 to 1;" in card
    assert f"| support vectors | {chosen['support_vectors']} |" in card
    assert f"python -m hwflow.train --model {model} --recipe tiny --data {data.name} --seed 3" in card
    assert hashlib.sha256((out / "weights.safetensors").read_bytes()).hexdigest() in card
    assert str(tmp_path) not in card and str(data) not in card

    shutil.copy(out / "weights.safetensors", folder / "tiny")
    result = tmp_path / "result.json"
    assert evaluate([*words, "--split", "test", "--json", str(result)]) == 0
    found = json.loads(result.read_text())
    assert found["n"] == 12 and found["top1"] >= 0.9
    assert f"| test accuracy (top-1) | {found['top1']:.2%} of 12 images |" in card
    assert "top-1" in capsys.readouterr().out


def test_a_second_fit_gives_the_same_bits(lbp: Path, data: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert train(["--model", str(lbp), "--data", str(data), "--out", str(tmp_path / name)]) == 0
    assert (tmp_path / "one/weights.safetensors").read_bytes() == (tmp_path / "two/weights.safetensors").read_bytes()


def test_what_needs_layers_is_refused_in_one_line(
    lbp: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = ["--model", str(lbp)], tmp_path / "out"

    def refused(code: int, what: str) -> None:
        assert code == 2
        lines = capsys.readouterr().err.strip().splitlines()
        assert len(lines) == 1
        assert "lbp_svm, recipe tiny: a support vector machine on texture, with no layers to " + what in lines[0]

    refused(count([*model, "--json", str(tmp_path / "counts.json")]), "count;")
    refused(build([*model, "--board", "pynq-z2", "--out", str(out)]), "build as hardware;")
    refused(evaluate([*model, "--data", str(data), "--engine", "integer"]), "turn into integers;")
    assert not out.exists() and not (tmp_path / "counts.json").exists()
    with pytest.raises(UserError, match="is fitted, not trained by gradients"):
        _ = find_recipe(str(lbp)).training


@pytest.mark.parametrize(
    ("model", "old", "new", "message"),
    [
        ("lbp_svm", "cost: [100, 1]", "cost: []", r"training\.cost: Tuple should have at least 1 item"),
        ("lbp_svm", "gamma: [1, 0.3]", "gamma: [0]", r"training\.gamma\.0: Input should be greater than 0"),
        ("lbp_svm", "cost:", "costs:", r"unknown key training\.costs \(did you mean cost\?\)"),
        ("lbp_svm", "training:", "window: 3\ntraining:", r"unknown key window"),
        ("aeclbp_svm", "training:", "window: 4\ntraining:", r"window: must be odd, got 4"),
        ("aeclbp_svm", "training:", "joint: SMC\ntraining:", r"joint: Input should be 'S/M/C' or 'S_M/C'"),
        ("aeclbp_svm", "height: 32", "height: 6", r"input: images of 7x7 at least"),
        ("lbp_svm", "width: 32", "width: 4", r"input: images of 5x5 at least"),
    ],
)
def test_wrong_recipes_are_one_line(
    model: str, old: str, new: str, message: str, own_model: Callable[[str, str, str], Path]
) -> None:
    folder = own_model(model, model, RECIPE.replace(old, new))
    with pytest.raises(UserError, match=message) as caught:
        find_recipe(str(folder)).build()
    assert "\n" not in str(caught.value)


def test_wrong_data_write_nothing(lbp: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert train(["--model", str(lbp), "--data", str(tmp_path / "nowhere"), "--out", str(out)]) == 2
    assert "no such folder" in capsys.readouterr().err
    assert not out.exists()
