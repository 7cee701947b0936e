# SPDX-License-Identifier: Apache-2.0
"""`--onnx` takes what Brevitas exports, and says what it assumes of the pixels."""

from pathlib import Path

import onnx
import peers
import pytest

from hwflow.build import main


def test_a_file_that_brevitas_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = tmp_path / "tfc.onnx", tmp_path / "out"
    onnx.save(peers.exported(peers.example("tfc_1w2a"), peers.example_shape("tfc_1w2a")), file)
    options = ["--board", "pynq-z2", "--onnx", str(file), "--out", str(out), "--frames", "4", "--until", "fold"]
    assert main(options) == 0
    assert "takes pixels as k / 255" in "".join(capsys.readouterr())
    assert onnx.load(out / "1-qonnx.onnx").graph.node[0].op_type == "Div"
    assert main(options) == 0 and "cached" in "".join(capsys.readouterr())


def test_a_network_that_needs_another_operator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "resnet18_4w4a.onnx"
    onnx.save(peers.exported(peers.example("resnet18_4w4a", None), (3, 32, 32)), file)
    assert main(["--board", "pynq-z2", "--onnx", str(file), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "(Trunc): this operator is not supported; supported are Add," in error and "Traceback" not in error
    assert not (tmp_path / "out").exists()
