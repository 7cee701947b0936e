# SPDX-License-Identifier: Apache-2.0
"""The evaluate command: its figures against a count of its own, its JSON and picture, the comparison of its engines, and
the trained `mini` on real images."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from hwflow import evaluate
from hwflow.cli.progress import Tick
from hwflow.data.folder import load_folder
from hwflow.data.split import split
from hwflow.errors import UserError
from hwflow.evaluate import main
from hwflow.models import ModelRecipe, find_recipe, save_weights
from hwflow.results import read_result, write_result

SETS = Path(__file__).parents[2] / "shared" / "data"
NEU = SETS / "neu-cls"
PATCHES = SETS / "neu-patches-seg"

UNET = """\
input: {channels: 1, height: 16, width: 16}
classes: [background, defect]
kind: hardware
width: 4
k: 4
training:
  batch: 4
  warmup_epochs: 1
  loss: {cross_entropy: 1.0, tversky: 1.0, alpha: 0.5, beta: 0.5}
  real_weights: {epochs: 2, learning_rate: 5.0e-3}
  binary_weights: {epochs: 2, learning_rate: 5.0e-3}
"""


@pytest.fixture
def data(dark_and_bright: Callable[[int, float], Path]) -> Path:
    return dark_and_bright(10, 40)


@pytest.fixture
def trained(model_folder: Path) -> Path:
    torch.manual_seed(3)
    recipe = find_recipe(str(model_folder))
    save_weights(recipe.build(), recipe.weights)
    return model_folder


@pytest.fixture
def masked(tmp_path: Path) -> Path:
    """Two classes of six images, a bright square the defect of the first."""
    draw = np.random.default_rng(0)
    for name in ("MT_Blowhole", "MT_Free"):
        for i in range(6):
            mask = np.zeros((16, 16), np.uint8)
            if name == "MT_Blowhole":
                mask[4:10, 4:10] = 255
            path = tmp_path / "masked" / name / "Imgs" / f"exp1_num_{i}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.clip(draw.normal(80, 10, (16, 16)) + mask // 2, 0, 255).astype(np.uint8)).save(path)
            Image.fromarray(mask).save(path.with_suffix(".png"))
    return tmp_path / "masked"


@pytest.fixture
def pixel_model(own_model: Callable[[str, str, str], Path]) -> Path:
    folder = own_model("own_unet", "u_binet", UNET)
    torch.manual_seed(0)
    recipe = find_recipe(str(folder))
    save_weights(recipe.build(), recipe.weights)
    return folder


def _wrong_at(*places: tuple[int, ...]) -> Callable[[ModelRecipe], evaluate.Predict]:
    """An engine that is PyTorch, but for the labels at `places`."""

    def engine(recipe: ModelRecipe) -> evaluate.Predict:
        def label(images: Tensor, tick: Tick) -> Tensor:
            found = evaluate.ENGINES["torch"](recipe)(images, tick)
            for place in places:
                found[place] = 1 - found[place]
            return found

        return label

    return engine


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
    counts = [[int(((images.labels == true) & (found == label)).sum()) for label in (0, 1)] for true in (0, 1)]
    assert result["confusion"] == counts
    assert result["class_recall"] == [counts[0][0] / 10, counts[1][1] / 10]
    assert result["recall"] == sum(result["class_recall"]) / 2
    assert result["class_precision"][1] == counts[1][1] / (counts[0][1] + counts[1][1])
    assert "reference" not in result
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


def test_a_record_is_the_result_of_a_run(
    trained: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, words = tmp_path / "result.json", ["--model", str(trained), "--data", str(data)]
    assert main([*words, "--record", str(out)]) == 2
    assert f"--record {out}: a run's result is of --split test and --engine torch" in capsys.readouterr().err
    assert main([*words, "--split", "test", "--engine", "integer", "--record", str(out)]) == 2
    assert not out.exists()
    assert main([*words, "--split", "test", "--record", str(out), "--json", str(tmp_path / "json")]) == 0
    result = read_result(out)
    assert (result.model, result.recipe, result.variant, result.data) == ("own_model", "tiny", None, "data")
    assert (result.split, result.seed, result.test_images, result.measure) == ("group", 0, 4, "top1")
    assert result.leading == json.loads((tmp_path / "json").read_text())["top1"]
    for content, message in (
        ("{", "not a result that can be read"),
        ("[]", "must hold keys and values"),
        (out.read_text().replace('"measure":"top1"', '"measure":"dice"').replace(': "top1"', ': "dice"'), "no figure"),
        (out.read_text().replace('"seed"', '"sead"'), "unknown key sead"),
    ):
        out.write_text(content)
        with pytest.raises(UserError, match=message):
            read_result(out)
        write_result(result, out)


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


def test_the_integer_engine_is_compared_with_torch(
    trained: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--model", str(trained), "--data", str(data), "--json", str(tmp_path / "result.json")]
    assert main(words) == 0
    expected = json.loads((tmp_path / "result.json").read_text())
    capsys.readouterr()
    assert main([*words, "--engine", "integer"]) == 0
    said = capsys.readouterr()
    top1 = expected["top1"]
    assert said.out.splitlines()[-2:] == [
        f"top1: integer {top1:.4f}, torch {top1:.4f}",
        "differing predictions: 0 of 20",
    ]
    assert "label, torch, to compare" in said.err
    result = json.loads((tmp_path / "result.json").read_text())
    assert result.pop("reference") == {
        "engine": "torch",
        **{name: expected[name] for name in ("top1", "precision", "recall")},
        "differing": 0,
        "differing_images": [],
    }
    assert result == expected | {"engine": "integer"}


def test_labels_that_differ_are_a_failure(
    trained: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(evaluate.ENGINES, "integer", _wrong_at((3,), (12,)))
    out = tmp_path / "result.json"
    assert main(["--model", str(trained), "--data", str(data), "--engine", "integer", "--json", str(out)]) == 1
    said = capsys.readouterr()
    images = load_folder(data, (1, 16, 16), ("dark", "bright"))
    names = [images.paths[i].relative_to(data).as_posix() for i in (3, 12)]
    assert "differing predictions: 2 of 20\n" in said.out
    last = said.err.strip().splitlines()[-1]
    assert (
        last.startswith("hwflow evaluate: error: 2 labels of the engine integer differ")
        and str(data / names[0]) in last
    )
    reference = json.loads(out.read_text())["reference"]
    assert (reference["differing"], reference["differing_images"]) == (2, names)


def test_pixels_that_differ_are_counted_by_image(
    pixel_model: Path, masked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "result.json"
    words = ["--model", str(pixel_model), "--data", str(masked), "--engine", "integer", "--json", str(out)]
    assert main(words) == 0
    assert "differing predictions: 0 of 3072 pixels, in 0 images\n" in capsys.readouterr().out
    monkeypatch.setitem(evaluate.ENGINES, "integer", _wrong_at((4, 0, 0), (4, 15, 7), (7, 2, 2)))
    assert main(words) == 1
    said = capsys.readouterr()
    assert "differing predictions: 3 of 3072 pixels, in 2 images\n" in said.out
    assert str(Path("MT_Blowhole", "Imgs", "exp1_num_4.jpg")) in said.err.strip().splitlines()[-1]
    reference = json.loads(out.read_text())["reference"]
    assert reference["differing"] == 3
    assert reference["differing_images"] == ["MT_Blowhole/Imgs/exp1_num_4.jpg", "MT_Free/Imgs/exp1_num_1.jpg"]


def test_pictures_of_both_tasks(trained: Path, pixel_model: Path, data: Path, masked: Path, tmp_path: Path) -> None:
    sizes = []
    for name, model, folder in (("classes", trained, data), ("pixels", pixel_model, masked)):
        out = tmp_path / f"{name}.png"
        assert main(["--model", str(model), "--data", str(folder), "--picture", str(out)]) == 0
        with Image.open(out) as picture:
            sizes.append(picture.size)
    assert all(300 < side < 2000 for size in sizes for side in size)
    assert sizes[1][0] > sizes[0][0]  # a matrix of all pixels, and one for each of the set's two classes


def test_a_picture_that_cannot_be_is_refused_first(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--model", str(trained), "--data", str(tmp_path / "no data are read")]
    for name, said in (
        ("a.jpg", "a.jpg: the picture is a PNG; call it FILE.png"),
        ("nowhere/a.png", "a.png: there is no folder"),
    ):
        assert main([*words, "--picture", str(tmp_path / name)]) == 2
        err = capsys.readouterr().err.splitlines()
        assert len(err) == 1 and said in err[0]
    assert not list(tmp_path.rglob("*.png")) and not list(tmp_path.rglob("*.jpg"))


@pytest.mark.slow
@pytest.mark.skipif(not NEU.is_dir(), reason="needs NEU-CLS in ../shared/data/neu-cls")
def test_mini_reaches_its_accuracy(tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    words = ["--model", "bi_shufflenet", "--recipe", "mini", "--data", str(NEU), "--split", "test", "--json", str(out)]
    assert main(words) == 0
    result = json.loads(out.read_text())
    assert result["n"] == 324
    assert result["top1"] >= 0.90


@pytest.mark.slow
@pytest.mark.skipif(not SETS.is_dir(), reason="needs the sets in ../shared/data")
@pytest.mark.parametrize(("model", "folder"), [("bi_shufflenet", NEU), ("u_binet", PATCHES)])
def test_trained_integers_label_as_torch_does(model: str, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    words = ["--model", model, "--recipe", "mini", "--data", str(folder), "--split", "test", "--engine", "integer"]
    assert main([*words, "--json", str(out)]) == 0
    assert json.loads(out.read_text())["reference"]["differing"] == 0
