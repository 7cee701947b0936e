# SPDX-License-Identifier: Apache-2.0
"""The training command on a model of milliseconds: it learns, resumes to the same bits, and says what is wrong."""

import csv
import fcntl
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import torch
from stopped_progress import KilledError, Progress

from hwflow.data.folder import load_folder
from hwflow.data.split import split
from hwflow.data.turns import turn
from hwflow.errors import UserError
from hwflow.models import find_recipe, read_tensors, save_weights
from hwflow.recipe import Augment, Recipe
from hwflow.results import Result, read_result, write_result
from hwflow.train.__main__ import main
from hwflow.train.augment import augment
from hwflow.train.checkpoint import CHECKPOINT_FILE
from hwflow.train.device import find_device
from hwflow.train.loop import Trained, train
from hwflow.train.start import begin_with
from hwflow.variants import variant_of


@pytest.fixture
def data(dark_and_bright: Callable[[int, float], Path]) -> Path:
    return dark_and_bright(30, 25)


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
    assert sorted(path.name for path in out.iterdir()) == [
        "card.md",
        "curves.png",
        "log.csv",
        "result.json",
        "weights.safetensors",
    ]
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


def test_a_run_that_is_over_is_not_trained_again(
    model_folder: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["--model", str(model_folder), "--data", str(data), "--out", str(out)]
    assert main(words) == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    capsys.readouterr()
    assert main(words) == 0
    assert "this run is over" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert main([*words, "--seed", "1"]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "is the result of another run (own_model tiny on data, seed 0, now own_model tiny on data, seed 1)" in said
    result = read_result(out / "result.json")
    assert (result.train_images, result.validation_images, result.test_images) == (42, 6, 12)
    assert sum(map(sum, result.figures["confusion"])) == 12
    assert hashlib.sha256(before["weights.safetensors"]).hexdigest() == result.weights


def test_two_processes_do_not_train_in_one_folder(
    model_folder: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    words = ["--model", str(model_folder), "--data", str(data), "--out", str(tmp_path / "out")]
    with (tmp_path / "out" / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert main(words) == 2
        assert "another process trains there" in capsys.readouterr().err.splitlines()[-1]
    assert main(words) == 0


def test_bad_input_is_one_line_and_writes_nothing(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["--model", str(model_folder), "--data", str(tmp_path / "nowhere"), "--out", str(out)]
    assert main(words) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("hwflow train: error: ") and "nowhere: no such folder" in last
    assert not out.exists()


def test_a_run_begins_with_another_recipes_weights(model_folder: Path, data: Path, tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    find = find_recipe(str(model_folder)).folder
    other = find.parent / "other"
    other.mkdir()
    text = (find / "recipe.yaml").read_text()
    (other / "recipe.yaml").write_text(text.replace("training:\n", "training:\n  start: tiny\n"))
    recipe = find_recipe(str(model_folder), "other")
    images = load_folder(data, recipe.recipe.input.shape, recipe.recipe.classes)
    with pytest.raises(UserError, match=r"training\.start names the recipe tiny, which has no trained weights"):
        train(recipe, images, 0, tmp_path / "first", Progress())
    trained = find_recipe(str(model_folder), "tiny").build()
    save_weights(trained, find / "weights.safetensors")
    network = recipe.build()
    taken, of = begin_with(network, recipe, "tiny", Path("data/images"), 0)
    assert taken == of == len(trained.state_dict())
    for name, tensor in read_tensors(find / "weights.safetensors").items():
        assert torch.equal(tensor, network.state_dict()[name]), name
    (tmp_path / "second").mkdir()
    progress = Progress()
    train(recipe, images, 0, tmp_path / "second", progress)
    assert progress.lines == [f"begins with {of} of {of} tensors from recipe tiny"]


def test_a_start_that_has_seen_the_test_part_is_refused(model_folder: Path) -> None:
    recipe = find_recipe(str(model_folder))
    save_weights(recipe.build(), recipe.weights)
    figures = {"measure": "top1", "figures": {"top1": 1.0}, "versions": {}, "weights": ""}
    counts = {"train_images": 1, "validation_images": 1, "test_images": 1}
    start = {"model": "own", "recipe": "tiny", "data": "data", "split": "group", "at_most": {}, "seed": 0}
    write_result(Result.model_validate(start | figures | counts), recipe.folder / "result.json")
    network = recipe.build()
    begin_with(network, recipe, "tiny", Path("data/images"), 0)
    begin_with(network, recipe, "tiny", Path("others"), 1)
    with pytest.raises(
        UserError, match=r"tiny, trained on data split by group with seed 0, so it has seen images of this"
    ):
        begin_with(network, recipe, "tiny", Path("data/images"), 1)


def test_layers_of_another_shape_begin_anew(model_folder: Path) -> None:
    find = find_recipe(str(model_folder)).folder
    torch.manual_seed(5)
    save_weights(find_recipe(str(model_folder)).build(), find / "weights.safetensors")
    recipe = variant_of(find_recipe(str(model_folder)), "{classes: [a, b, c]}")
    network = recipe.build()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    taken, of = begin_with(network, recipe, "tiny", Path("data/images"), 0)
    kept = [name for name, tensor in network.state_dict().items() if torch.equal(tensor, before[name])]
    assert 0 < taken < of
    assert any(tensor.shape[:1] == (3,) and name in kept for name, tensor in before.items())


def test_all_turns_of_every_image_are_seen_in_an_epoch(model_folder: Path, data: Path, tmp_path: Path) -> None:
    base = find_recipe(str(model_folder))
    augment_as = "augment: {turns: all, shift: 0, gain: 0, offset: 0}"
    recipe = variant_of(base, "{training: {batch: 8, real_weights: {epochs: 1}, " + augment_as + "}}")
    images = load_folder(data, recipe.recipe.input.shape, recipe.recipe.classes)
    recipe = replace(recipe, module=_Seeing(recipe.module))  # type: ignore[type-var]
    train(recipe, images, 0, tmp_path, Progress())
    wanted = [
        turn(images.images[i : i + 1].repeat(8, 1, 1, 1), torch.arange(8)) for i in split(images, 0).train.tolist()
    ]
    pixels = sorted(bytes((image * 256).to(torch.uint8).flatten().tolist()) for image in recipe.module.seen[: 42 * 8])
    assert pixels == sorted(bytes(image.flatten().tolist()) for image in torch.cat(wanted))


class _Seeing:
    """A model's module whose networks keep what they are trained on."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.seen: list[torch.Tensor] = []

    def build(self, recipe: Recipe) -> torch.nn.Module:
        network: torch.nn.Module = self.module.build(recipe)
        network.register_forward_pre_hook(lambda net, given: self.seen.extend(given[0] if net.training else ()))
        return network


def test_turns_all_needs_squares(model_folder: Path) -> None:
    with pytest.raises(UserError, match="turns all needs square images"):
        variant_of(find_recipe(str(model_folder)), "{input: {width: 24}, training: {augment: {turns: all}}}")


def test_no_such_device(model_folder: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--model", str(model_folder), "--data", str(data), "--out", str(tmp_path / "out")]
    for name in ("gpu", "cuda:77"):
        assert main([*words, "--device", name]) == 2
        assert f"--device {name}: torch finds no such device here" in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "out").exists()
    assert find_device("cpu") == "cpu" and find_device("auto") in ("cpu", "cuda")


def test_augmentation_moves_pixels_but_keeps_images() -> None:
    images = torch.randint(0, 256, (40, 1, 16, 16), dtype=torch.uint8)
    changed = augment(images, None, Augment(), torch.Generator().manual_seed(0))
    assert changed.shape == images.shape
    assert torch.equal(changed, changed.round()) and changed.min() >= 0 and changed.max() <= 255
    assert not any(torch.equal(changed[i], images[i].float()) for i in range(40))
    assert torch.equal(changed, augment(images, None, Augment(), torch.Generator().manual_seed(0)))


def test_oblong_images_keep_their_shape() -> None:
    images = torch.randint(0, 256, (20, 3, 8, 24), dtype=torch.uint8)
    assert augment(images, None, Augment(), torch.Generator().manual_seed(0)).shape == images.shape


def test_turns_that_are_given_and_nothing_else() -> None:
    images = torch.randint(0, 256, (8, 1, 6, 6), dtype=torch.uint8)
    plain = Augment(turns="all", shift=0, gain=0, offset=0)
    changed = augment(images, torch.arange(8), plain, torch.Generator())
    assert torch.equal(changed, turn(images, torch.arange(8)).float())
    none = Augment(turns="none", shift=0, gain=0, offset=0)
    assert torch.equal(augment(images, None, none, torch.Generator()), images.float())
