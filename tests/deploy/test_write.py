# SPDX-License-Identifier: Apache-2.0
"""What goes into a deploy folder, and which designs and boards are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from deploy_sample import CLASSES, HEIGHT, WIDTH, Deployed, brightest_channel
from qonnx.core.datatype import DataType

from hwflow.boards import Board, board_names, find_board
from hwflow.compile.generate import write_depths, write_rtl
from hwflow.deploy.shell import Port, ports, shell_of
from hwflow.deploy.write import copy_leaf, write_deploy
from hwflow.errors import UserError
from hwflow.hw.ops import StreamSpec
from hwflow.hw.ops.base import RTL_FOLDER


def test_folder(deploy: Callable[..., Deployed]) -> None:
    made = deploy()
    files = {path.name for path in made.folder.iterdir()}
    assert files == {"build.tcl", "driver.py", "README.md", "check.npz", "rtl"}
    with np.load(made.folder / "check.npz", allow_pickle=False) as check:
        assert check["frames"].dtype == np.uint8
        np.testing.assert_array_equal(check["frames"], made.frames)
        np.testing.assert_array_equal(check["outputs"], made.outputs)
    for path in made.folder.rglob("*"):
        if path.suffix in {".tcl", ".py", ".md", ".v"}:
            text = path.read_text()
            assert "{{" not in text and "{%" not in text and str(made.folder) not in text, path


def test_depths_are_those_of_the_generated_folder(tmp_path: Path) -> None:
    design = brightest_channel("top1")
    write_rtl(design, tmp_path / "rtl")
    fifos = [node.name for node in design.graph.node if node.op_type == "ElasticFIFO_rtl"]
    write_depths(tmp_path / "rtl", dict.fromkeys(fifos, 77))
    write_deploy(design, find_board("pynq-z1"), tmp_path / "out", rtl=tmp_path / "rtl", name="deep", clock_mhz=100)
    assert (tmp_path / "out" / "rtl" / "fifo_depths.sv").read_text().count("= 77;") == len(fifos)


def test_without_samples_the_readme_asks_for_frames(tmp_path: Path) -> None:
    design = brightest_channel("logits")
    write_rtl(design, tmp_path / "rtl")
    write_deploy(design, find_board("zcu104"), tmp_path / "out", rtl=tmp_path / "rtl", name="x", clock_mhz=200)
    text = (tmp_path / "out" / "README.md").read_text()
    assert "check.npz" not in text
    assert "python3 driver.py FRAMES.npy" in text
    assert "integers [N, 6]" in text
    assert f"[N, {HEIGHT}, {WIDTH}, 6]" in text
    assert not (tmp_path / "out" / "check.npz").exists()


@pytest.mark.parametrize("board,told", [("pynq-z2", False), ("kv260", True), ("rfsoc4x2", True)])
def test_leaves_are_told_of_ultrascale(deploy: Callable[..., Deployed], board: str, told: bool) -> None:
    made = deploy(board=board)
    for path in (made.folder / "rtl").glob("*.sv"):
        original = made.folder.parent / "rtl" / path.name
        text, lines = path.read_text(), original.read_text() if original.exists() else path.read_text()
        if told and "`ifdef HWF_ULTRASCALE" in lines:
            lines = f"`define HWF_ULTRASCALE\n{lines}"
        assert text == lines, path.name


def test_a_leaf_is_told_in_its_first_line(tmp_path: Path) -> None:
    source = RTL_FOLDER / "hwf_carry_chain.sv"
    copy_leaf(source, tmp_path / "new.sv", ultrascale=True)
    copy_leaf(source, tmp_path / "old.sv", ultrascale=False)
    assert (tmp_path / "new.sv").read_text() == f"`define HWF_ULTRASCALE\n{source.read_text()}"
    assert (tmp_path / "old.sv").read_text() == source.read_text()


@pytest.mark.parametrize("name", board_names())
def test_every_board_has_a_shell(name: str) -> None:
    board = find_board(name)
    assert shell_of(board.part) == {"xc7": "zynq", "xcup": "zynqmp"}[board.family]


@pytest.mark.parametrize("part", ["xc7a35ticsg324-1L", "xcku5p-ffvb676-2-e", "xcvu9p-flga2104-2-i"])
def test_a_device_without_a_processor(part: str, tmp_path: Path) -> None:
    assert shell_of(part) is None
    board = Board(**{**find_board("pynq-z2").model_dump(), "name": "own", "part": part})
    with pytest.raises(UserError, match=f"^board own: part {part} has no processing system"):
        write_deploy(brightest_channel("top1"), board, tmp_path / "out", rtl=tmp_path, name="x", clock_mhz=100)
    assert not (tmp_path / "out").exists()


def test_a_class_without_a_name(tmp_path: Path) -> None:
    board = find_board("pynq-z2")
    with pytest.raises(UserError, match=r"^5 class names for a network with 6 classes"):
        write_deploy(
            brightest_channel("top1"), board, tmp_path / "out", rtl=tmp_path, name="x", clock_mhz=1, classes=CLASSES[:5]
        )


@pytest.mark.parametrize(
    "parallel,bits,beat,dma",
    [(1, 1, 1, 1), (3, 8, 3, 4), (1, 8, 1, 1), (5, 8, 5, 8), (3, 13, 5, 8), (64, 16, 128, 128), (9, 1, 2, 2)],
)
def test_beats_at_the_dma(parallel: int, bits: int, beat: int, dma: int) -> None:
    port = Port(StreamSpec((1, 10, 2 * parallel), parallel, DataType[f"UINT{bits}"]))
    assert (port.bytes, port.dma_bytes, port.beats) == (beat, dma, 20)
    assert port.frame_bytes == 20 * dma
    assert port.memory_bits == max(32, 8 * dma)


@pytest.mark.parametrize(
    "shape,message",
    [
        (
            [1, HEIGHT, WIDTH],
            r"^image: 150 bytes a beat, and a DMA has 128 at most; lower PE or SIMD of node total",
        ),
        ([1, 8192, 8192], r"^image: a frame of \d+ bytes, and a DMA transfers 67108863 at most"),
    ],
)
def test_streams_that_no_dma_takes(shape: list[int], message: str) -> None:
    wide = shape[1] == HEIGHT
    design = brightest_channel("logits", parallel=150 if wide else 3, channels=150 if wide else 6, size=shape[1:])
    with pytest.raises(UserError, match=message):
        ports(design)
