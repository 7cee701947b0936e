# SPDX-License-Identifier: Apache-2.0
"""Whatever is wrong with the input: one line that names it, exit code 2, and nothing written."""

import shutil
from pathlib import Path

import pytest

from hwflow.build import main
from hwflow.models import WEIGHTS_FILE


def _refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, *arguments: str) -> str:
    """The one line on standard error of a build that is refused."""
    out = tmp_path / "out" / "x"
    assert main([*arguments, "--out", str(out)]) == 2
    assert not out.parent.exists(), "something was written"
    text = capsys.readouterr().err
    complaint = [line for line in text.splitlines() if "error" in line]
    assert len(complaint) == 1 and "Traceback" not in text
    return complaint[0]


def _copy(small_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_model, tmp_path / "own_net"))


def test_unknown_board_gets_the_nearest_name(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    line = _refused(capsys, tmp_path, "--board", "pynq-zz2")
    assert "pynq-zz2" in line and "did you mean pynq-z2" in line


def test_unknown_model_gets_the_nearest_name(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    line = _refused(capsys, tmp_path, "--board", "pynq-z2", "--model", "bi_shuflenet")
    assert "did you mean bi_shufflenet" in line


def test_unknown_recipe_gets_the_nearest_name(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    line = _refused(capsys, tmp_path, "--board", "pynq-z2", "--recipe", "minni")
    assert "did you mean mini" in line


def test_unknown_stage_gets_the_nearest_name(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    line = _refused(capsys, tmp_path, "--board", "pynq-z2", "--until", "verfy")
    assert "did you mean verify" in line


def test_misspelt_key_of_a_recipe(small_model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model = _copy(small_model, tmp_path)
    recipe = model / "small" / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("head: 8", "haed: 8"))
    line = _refused(capsys, tmp_path, "--board", "pynq-z2", "--model", str(model), "--recipe", "small")
    assert "haed" in line and "recipe.yaml" in line and "did you mean head" in line


def test_misspelt_key_of_a_board(small_model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    board = tmp_path / "mine.yaml"
    board.write_text("prat: xc7z020\n")
    line = _refused(capsys, tmp_path, "--board", str(board))
    assert "prat" in line and "mine.yaml" in line


def test_truncated_weights(small_model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model = _copy(small_model, tmp_path)
    weights = model / "small" / WEIGHTS_FILE
    weights.write_bytes(weights.read_bytes()[:500])
    line = _refused(capsys, tmp_path, "--board", "pynq-z2", "--model", str(model), "--recipe", "small")
    assert WEIGHTS_FILE in line


def test_weights_of_another_shape(small_model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model = _copy(small_model, tmp_path)
    recipe = model / "small" / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("head: 8", "head: 12"))
    line = _refused(capsys, tmp_path, "--board", "pynq-z2", "--model", str(model), "--recipe", "small")
    assert "shape" in line and "head." in line


@pytest.mark.parametrize("content", [b"", b"not an onnx file at all", b"PK\x03\x04 zip"])
def test_a_file_that_is_no_onnx(content: bytes, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "net.onnx"
    file.write_bytes(content)
    line = _refused(capsys, tmp_path, "--board", "pynq-z2", "--onnx", str(file))
    assert "net.onnx" in line


def test_an_operator_that_is_not_supported(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    node = helper.make_node("Erf", ["image"], ["out"], name="odd_one")
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 1, 8, 8])],
    )
    file = tmp_path / "net.onnx"
    onnx.save(helper.make_model(graph), file)
    line = _refused(capsys, tmp_path, "--board", "pynq-z2", "--onnx", str(file))
    assert "odd_one" in line and "Erf" in line


def test_an_image_that_is_none(small_model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    (images / "part.png").write_text("no picture")
    arguments = ["--board", "pynq-z2", "--model", str(small_model), "--recipe", "small", "--images", str(images)]
    assert "part.png" in _refused(capsys, tmp_path, *arguments)


def test_a_pe_that_does_not_divide(small_model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = tmp_path / "target.yaml"
    target.write_text("nodes:\n  head_conv: {PE: 3}\n")
    arguments = ["--board", "pynq-z2", "--model", str(small_model), "--recipe", "small", "--target", str(target)]
    line = _refused(capsys, tmp_path, *arguments)
    assert "head_conv" in line and "PE=3" in line and "1, 2, 4, 8" in line


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("fps: 9\nfps: 10\n", "not valid YAML at line 2 (key fps stands there twice)"),
        (
            "nodes:\n  head_conv: {PE: 1}\n  head_conv: {PE: 2}\n",
            "not valid YAML at line 3 (key head_conv stands there twice)",
        ),
        ("nodes:\n  head_conv: {PE: 1, PE: 2}\n", "not valid YAML at line 2 (key PE stands there twice)"),
        ("fps: .inf\n", "target.yaml: fps inf: must be above 0 and below 1e9"),
    ],
)
def test_a_bad_target(
    small_model: Path, content: str, said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    target = tmp_path / "target.yaml"
    target.write_text(content)
    assert said in _refused(
        capsys, tmp_path, "--board", "pynq-z2", "--model", str(small_model), "--target", str(target)
    )


def test_a_rate_that_is_none(small_model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    line = _refused(capsys, tmp_path, "--board", "pynq-z2", "--model", str(small_model), "--fps", "fast")
    assert "--fps: fast is no number of frames a second; give one, or max" in line


def test_a_rate_that_no_folding_reaches_names_the_highest(
    small_model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments = ["--board", "pynq-z2", "--model", str(small_model), "--recipe", "small", "--until", "fold"]
    line = _refused(capsys, tmp_path, *arguments, "--fps", "1e6")
    highest = line.split("highest rate is ")[1].split()[0]
    assert main([*arguments, "--fps", highest, "--out", str(tmp_path / "reached")]) == 0


def test_an_output_folder_that_cannot_be_written(
    small_model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    arguments = ["--board", "pynq-z2", "--model", str(small_model), "--recipe", "small", "--out", str(file / "sub")]
    assert main(arguments) == 2
    assert str(file) in capsys.readouterr().err


def test_bad_input_leaves_an_earlier_build_as_it_was(
    small_model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    arguments = [
        "--board",
        "pynq-z2",
        "--model",
        str(small_model),
        "--recipe",
        "small",
        "--until",
        "fold",
        "--out",
        str(out),
    ]
    assert main(arguments) == 0
    before = {p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    assert main([*arguments, "--fps", "1e6"]) == 2
    assert {p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()} == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"]
