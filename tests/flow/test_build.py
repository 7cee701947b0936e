# SPDX-License-Identifier: Apache-2.0
"""A whole build of a small network, and what one wrong bit in its RTL does."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hwflow.build import main
from hwflow.compile.generate import read_depths, write_depths
from hwflow.flow import STAGES
from hwflow.verify import main as verify

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The folder of a finished build, and the arguments that made it."""
    out = tmp_path_factory.mktemp("build") / "small"
    arguments = ["--board", "pynq-z2", "--model", str(small_model), "--recipe", "small", "--out", str(out)]
    assert main(arguments) == 0
    return out, arguments


def test_every_artefact_is_there_and_every_stream_was_compared(built: tuple[Path, list[str]]) -> None:
    out, _ = built
    artefacts = [
        "1-qonnx.onnx", "2-streamlined.onnx", "3-dataflow.onnx", "folding.yaml", "rtl", "fifo.yaml", "verify.json",
        "resources.json", "report.json", "report.html", "deploy",
    ]  # fmt: skip
    assert [a for a in artefacts if not (out / a).exists()] == []
    report = json.loads((out / "report.json").read_text())
    check = report["verification"]
    assert check["frames"] == 4 and check["mismatches"] == 0 and check["labels_equal"]
    wires = re.findall(r"logic (\w+)_tvalid;", (out / "rtl" / "accelerator.sv").read_text())
    assert len(check["streams"]) == check["tensors"] == len(wires)
    assert len(check["runs"]) == 3 and all(run["mismatches"] == 0 for run in check["runs"])
    used = report["resources"]
    assert 0 < used["fifo_high_water_bits"] <= used["fifo_bits"] <= 1.2 * used["fifo_high_water_bits"]
    speed = report["performance"]
    assert speed["bound_cycles"] <= speed["cycles_per_frame"] <= 1.01 * speed["bound_cycles"]
    assert report["resources"]["fits"] and report["performance"]["fps"] >= 200
    assert [stage["name"] for stage in report["stages"]] == list(STAGES[:-1])


def test_a_second_build_only_reads_the_cache(built: tuple[Path, list[str]]) -> None:
    out, arguments = built
    assert main(arguments) == 0
    stages = json.loads((out / "report.json").read_text())["stages"]
    assert [s["name"] for s in stages if not s["cached"]] == []


def _flip(text: str, parameter: str) -> str:
    """The wrapper with the lowest bit of a parameter's constant inverted."""
    found = re.search(rf"\.{parameter}\((\d+)'h([0-9a-f]+)\)", text)
    assert found is not None
    value = int(found[2], 16) ^ 1
    return text[: found.start()] + f".{parameter}({found[1]}'h{value:x})" + text[found.end() :]


@pytest.mark.parametrize(
    ("node", "parameter"),
    [
        ("stage2_0_right_conv2_conv", "WEIGHTS"),
        ("logits", "WEIGHTS"),
        ("stage2_1_right_conv3_quant", "THRESHOLDS"),  # of a dead channel: no frame comes near it
        ("stage2_1_right_conv3_sign", "THRESHOLDS"),
        ("stage2_0_right_conv2_conv_window", "PAD_CODE"),
    ],
)
def test_one_wrong_bit_fails_the_build_and_names_the_layer(
    built: tuple[Path, list[str]],
    node: str,
    parameter: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, arguments = built
    out = Path(shutil.copytree(built[0], tmp_path / "wrong"))
    file = out / "rtl" / f"{node}.sv"
    change: Callable[[str], str] = lambda text: _flip(text, parameter)  # noqa: E731
    file.write_text(change(file.read_text()))
    wrong = [*arguments[:-1], str(out)]
    assert main(wrong) == 1
    assert f"layer {node} (" in capsys.readouterr().err
    report = json.loads((out / "report.json").read_text())
    assert report["verification"]["mismatches"] > 0
    if any(run["mismatches"] for run in report["verification"]["runs"]):
        assert (out / "mismatch.vcd").read_text().startswith("$timescale")
    assert main(wrong) == 1, "a build that failed may not pass from the cache"
    assert verify([str(out)]) == 1


def test_a_fifo_too_shallow_for_its_branch_is_named(
    built: tuple[Path, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = Path(shutil.copytree(built[0], tmp_path / "stuck"))
    depths = read_depths(out / "rtl")
    # The half of the channels that passes by a unit of stride 1 waits for the half that goes through its convolutions.
    shortcut = "stage2_1_split_0_fifo"
    assert depths[shortcut] > 1
    write_depths(out / "rtl", depths | {shortcut: 1})
    assert main([*built[1][:-1], str(out)]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert "run free: nothing has moved since cycle" in line
    assert f"-> {shortcut} ->" in line and f"{shortcut} holds 1 beat and is full: too shallow" in line


def test_a_design_that_does_not_fit_says_by_how_much(
    built: tuple[Path, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = tmp_path / "tiny.yaml"
    board.write_text(
        "part: xc7z007s\nfamily: xc7\nclock_mhz: 100\nsource: a test\n"
        "resources: {lut: 1000, ff: 100000, bram36: 50, uram: 0, dsp: 66}\n"
    )
    out = Path(shutil.copytree(built[0], tmp_path / "small"))
    assert main(["--board", str(board), *built[1][2:-1], str(out)]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    lut = json.loads((out / "report.json").read_text())["resources"]["lut"]
    assert f"{lut - 1000} LUT too many" in line and "--fps" in line
