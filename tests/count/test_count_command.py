# SPDX-License-Identifier: Apache-2.0
"""`hwflow count`: its JSON, its options, a module of one's own, and one line for each kind of bad input."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hwflow import cli

OWN = """\
from torch import nn
from beside import WIDTH

layer = nn.Linear(4, 4)
number = 3

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, WIDTH, 1), nn.ReLU())

def make():
    return Net()

def needs(width):
    return Net()
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "beside.py").write_text("WIDTH = 5\n")
    path = tmp_path / "net.py"
    path.write_text(OWN)
    return path


def _json(tmp_path: Path, *argv: str) -> dict[str, float]:
    path = tmp_path / "counts.json"
    assert cli.main(["count", *argv, "--json", str(path)]) == 0
    content: dict[str, float] = json.loads(path.read_text())
    return content


def test_a_model_by_recipe_variant_and_input(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(model_folder)
    plain = _json(tmp_path, "--model", model)
    assert list(plain) == ["params", "weight_bits", "bops", "flops", "ops"]
    assert plain["ops"] == plain["bops"] / 64 + plain["flops"]
    assert "input        1x16x16\n" in capsys.readouterr().out

    colour = _json(tmp_path, "--model", model, "--input", "3x16x16")
    # Two channels more for the stem's 4 kernels of 3x3, with 8 bits each, at 8x8 places.
    assert colour["params"] - plain["params"] == 72
    assert colour["weight_bits"] - plain["weight_bits"] == 72 * 8
    assert (colour["bops"], colour["flops"] - plain["flops"]) == (plain["bops"], 72 * 64)

    (model_folder / "variants.yaml").write_text("wide: {kernels: {stem: 5}}\n7: {kernels: {stem: 7}}\n")
    wide = _json(tmp_path, "--model", model, "--variant", "wide")
    assert wide["params"] - plain["params"] == 4 * (25 - 9)
    assert _json(tmp_path, "--model", model, "--variant", "{kernels: {stem: 5}}") == wide
    assert _json(tmp_path, "--model", model, "--variant", "7")["params"] - plain["params"] == 4 * (49 - 9)


@pytest.mark.parametrize("name", ["Net", "make"])
def test_a_module_of_ones_own(own: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    counts = _json(tmp_path, "--module", f"{own}:{name}", "--input", "3x4x4")
    assert counts == {"params": 20, "weight_bits": 640, "bops": 0, "flops": 3 * 5 * 16 + 5 * 16, "ops": 320}
    assert capsys.readouterr().err == ""
    assert str(own.parent) not in sys.path


def test_an_uncounted_module_is_a_line_on_standard_error(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own.write_text(
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.spare = nn.Linear(1, 1)\n"
        "    def forward(self, x):\n"
        "        return x\n"
    )
    assert cli.main(["count", "--module", f"{own}:Net", "--input", "1x2x2"]) == 0
    assert capsys.readouterr().err == "uncounted: spare (Linear, 2 parameters): never called\n"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "one of the arguments --model --module is required"),
        (["--model", "resnett"], "unknown model resnett (did you mean resnet?)"),
        (["--model", "resnet", "--recipe", "nue"], "unknown recipe nue of resnet (did you mean neu?)"),
        (["--model", "resnet", "--variant", "35"], "unknown variant 35 of resnet"),
        (["--model", "mobilenet_v2", "--variant", "x"], "mobilenet_v2 has no variants.yaml; or give its changes as"),
        (["--model", "resnet", "--variant", "{dept: 34}"], "unknown key dept (did you mean depth?)"),
        (["--model", "resnet", "--variant", "{depth: 35}"], "depth: Input should be 18 or 34"),
        (["--model", "resnet", "--variant", "{depth"], "not valid YAML; write {KEY: VALUE"),
        (["--model", "resnet", "--input", "2x64x64"], "--input 2x64x64: input.channels: Input should be 1 or 3"),
        (["--model", "resnet", "--input", "224"], "--input 224: write CxHxW, such as 1x224x224"),
        (["--model", "resnet", "--input", "1x0x5"], "--input 1x0x5: write CxHxW"),
        (["--model", "resnet", "--json", "nowhere/x.json"], "nowhere: no such folder for --json"),
        (["--model", "birealnet", "--input", "1x8x8"], "BiRealNet does not run on an input of 1x8x8"),
        (["--module", "OWN:make"], "--module needs --input CxHxW"),
        (["--module", "OWN:make", "--recipe", "neu", "--input", "1x2x2"], "--recipe belongs to --model"),
        (["--module", "OWN", "--input", "1x2x2"], "write FILE.py:NAME"),
        (["--module", "gone.py:net", "--input", "1x2x2"], "gone.py: no such file"),
        (["--module", "OWN:mak", "--input", "1x2x2"], "defines no mak (did you mean make?)"),
        (["--module", "OWN:number", "--input", "1x2x2"], "number is no torch.nn.Module and returns none"),
        (["--module", "OWN:needs", "--input", "1x2x2"], "needs() fails with TypeError"),
        (["--module", "OWN:make", "--input", "1x2x2"], "Net does not run on an input of 1x2x2: "),
    ],
)
def test_bad_input_is_one_line(own: Path, argv: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["count", *(word.replace("OWN", str(own)) for word in argv)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert words in printed.err


def test_a_module_that_cannot_be_imported(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own.write_text("import no_such_package\n")
    assert cli.main(["count", "--module", f"{own}:net", "--input", "1x2x2"]) == 2
    assert "cannot be imported, ModuleNotFoundError: No module named 'no_such_package'" in capsys.readouterr().err


def test_help_states_the_rule_without_loading_torch() -> None:
    script = (
        "import sys; from hwflow.cli import main; code = main(['count', '--help']);"
        "assert not {'torch', 'numpy'} & set(sys.modules); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for words in ("BOPs / 64 + FLOPs", "2 for each output of a BatchNorm", "1 for each input element of a pooling"):
        assert words in done.stdout
