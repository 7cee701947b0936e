# SPDX-License-Identifier: Apache-2.0
"""A sweep over seeds: what it skips, how it goes on, and what it says where a run fails."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hwflow.sweep import main

EPOCHS = 12  # enough that a kill comes before the end


@pytest.fixture
def data(dark_and_bright: Callable[[int, float], Path]) -> Path:
    return dark_and_bright(20, 25)


def _words(model: Path, data: Path, runs: Path, *more: str) -> list[str]:
    return ["--model", str(model), "--data", str(data), "--runs", str(runs), "--seeds", "0,3", *more]


def _results(runs: Path) -> dict[str, dict[str, object]]:
    found = {path.parent.name: json.loads(path.read_text()) for path in sorted(runs.glob("*/result.json"))}
    return {name: {k: v for k, v in result.items() if k != "seconds"} for name, result in found.items()}


@pytest.mark.slow
def test_a_killed_sweep_goes_on_to_the_same_results(
    model_folder: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = model_folder / "tiny" / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("epochs: 3", f"epochs: {EPOCHS}"))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert main(_words(model_folder, data, whole, "--jobs", "2")) == 0
    said = capsys.readouterr()
    assert f"2 of 2 runs are over, in {whole}" in said.out and "own_model-tiny-3: over, top1" in said.err
    words = [sys.executable, "-m", "hwflow.sweep", *_words(model_folder, data, parts, "--jobs", "2")]
    sweep = subprocess.Popen(words, start_new_session=True, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(parts.glob("*/checkpoint.safetensors")):
        assert time.monotonic() < deadline and sweep.poll() is None
        time.sleep(0.05)
    os.killpg(sweep.pid, signal.SIGKILL)
    sweep.wait()
    assert main(_words(model_folder, data, parts, "--list")) == 0
    assert f"of {2 * EPOCHS} epochs" in capsys.readouterr().out
    # As many at a time as before: the number of threads decides the order of sums, and with it the last bits.
    assert main(_words(model_folder, data, parts, "--jobs", "2")) == 0
    assert "going on after" in "".join(path.read_text() for path in parts.glob("*/train.log"))
    assert _results(parts) == _results(whole) and len(_results(whole)) == 2
    stamps = {path: path.stat().st_mtime_ns for path in parts.glob("*/result.json")}
    assert main(_words(model_folder, data, parts)) == 0
    assert {path: path.stat().st_mtime_ns for path in parts.glob("*/result.json")} == stamps


@pytest.mark.slow
def test_a_run_that_fails_is_named_and_the_others_go_on(
    model_folder: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "runs" / "own_model-tiny-0"
    broken.mkdir(parents=True)
    (broken / "checkpoint.safetensors").write_bytes(b"none")
    assert main(_words(model_folder, data, tmp_path / "runs")) == 1
    said = capsys.readouterr()
    assert "1 of 2 runs failed, the first is own_model-tiny-0; see" in said.err.splitlines()[-1]
    assert "not a whole checkpoint" in (broken / "train.log").read_text()
    assert list(_results(tmp_path / "runs")) == ["own_model-tiny-3"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--seeds", "5-2"], "--seeds 5-2: not a list of seeds"),
        (["--seeds", "a"], "--seeds a: not a list of seeds"),
        (["--jobs", "0"], "--jobs 0: at least 1 is needed"),
        (["--data", "nowhere"], "--data nowhere: no such folder"),
        (["--variant", "x"], "unknown variant x of own_model"),
        (["--recipe", "tinny"], "unknown recipe tinny of own_model (did you mean tiny?)"),
    ],
)
def test_bad_words(
    model_folder: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], message: str
) -> None:
    assert main([*_words(model_folder, data, tmp_path / "runs"), *more]) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "runs").exists()


def test_what_is_open_is_listed(
    model_folder: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = _words(model_folder, data, tmp_path / "runs", "--variant", "{training: {batch: 4}}", "--list")
    assert main(words) == 0
    names = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert names == [["open", f"own_model-tiny-training_batch_4-{seed}"] for seed in (0, 3)]
