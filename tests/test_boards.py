# SPDX-License-Identifier: Apache-2.0
"""Boards: the figures of the shipped ones, and the one line that a user gets for a wrong name or file."""

from pathlib import Path

import pytest
from finn.util.basic import pynq_part_map

from hwflow.boards import board_names, find_board
from hwflow.errors import UserError

# LUT, FF, BRAM36, URAM, DSP by device: DS190, DS891 (MPSoC), DS889 (RFSoC), DS987 (K26).
DEVICES = {
    "xc7z020": (53_200, 106_400, 140, 0, 220),
    "xczu3eg": (70_560, 141_120, 216, 0, 360),
    "xczu7ev": (230_400, 460_800, 312, 96, 1_728),
    "xczu9eg": (274_080, 548_160, 912, 0, 2_520),
    "xczu28dr": (425_280, 850_560, 1_080, 80, 4_272),
    "xczu48dr": (425_280, 850_560, 1_080, 80, 4_272),
    "xck26": (117_120, 234_240, 144, 64, 1_248),
}

OWN = """\
part: xc7z010clg400-1
family: xc7
clock_mhz: 80
resources: {lut: 17600, ff: 35200, bram36: 60, uram: 0, dsp: 80}
source: DS190
"""


def test_all_boards_are_there() -> None:
    """FINN's part map: no board of it is missing here, none has another device, and there is no other board."""
    boards = [find_board(name) for name in board_names()]
    assert {board.finn_name: board.part for board in boards} == pynq_part_map
    assert len(boards) == len(pynq_part_map) == 11


@pytest.mark.parametrize("name", board_names())
def test_figures(name: str) -> None:
    board = find_board(name)
    budget = board.resources
    found = (budget.lut, budget.ff, budget.bram36, budget.uram, budget.dsp)
    assert found == DEVICES[board.part.split("-")[0].split("clg")[0]]
    assert board.finn_name is not None
    assert board.part == pynq_part_map[board.finn_name]
    assert board.family == ("xc7" if board.part.startswith("xc7") else "xcup")
    assert board.name == name


def test_a_board_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(OWN)
    board = find_board(str(path))
    assert (board.name, board.clock_mhz, board.resources.lut) == ("mine", 80.0, 17_600)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pynqz2", "unknown board pynqz2 (did you mean pynq-z2?); there are aup-zu3, kv260, pynq-z1, "),
        ("spartan", "unknown board spartan; there are aup-zu3, kv260, pynq-z1, "),
        ("boards/mine.yaml", "boards/mine.yaml: no such board file; "),
    ],
)
def test_unknown_board(name: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        find_board(name)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("resources", "resourses", "unknown key resourses (did you mean resources?)"),
        ("bram36", "bram", "unknown key resources.bram (did you mean bram36?)"),
        ("family: xc7\n", "", "key family is missing"),
        ("family: xc7", "family: xc6", "family: Input should be 'xc7' or 'xcup'"),
        ("dsp: 80", "dsp: -1", "resources.dsp: Input should be greater than or equal to 0"),
        ("clock_mhz: 80", "clock_mhz: [", "not valid YAML at line"),
    ],
)
def test_wrong_board_file(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    assert old in OWN
    path.write_text(OWN.replace(old, new, 1))
    with pytest.raises(UserError) as error:
        find_board(str(path))
    assert str(error.value).startswith(f"{path}: {message}")
    assert "\n" not in str(error.value)
