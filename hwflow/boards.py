# SPDX-License-Identifier: Apache-2.0
"""Boards by name or by path: the device, what it holds, and the clock that a build assumes unless told otherwise."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from hwflow.content import content_root
from hwflow.errors import UserError, did_you_mean
from hwflow.yamlfile import read_yaml


class Budget(BaseModel):
    """All that a device has of each resource. BRAM in blocks of 36 kbit, UltraRAM in blocks of 288 kbit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lut: int = Field(gt=0)
    ff: int = Field(gt=0)
    bram36: float = Field(ge=0)
    uram: int = Field(ge=0)
    dsp: int = Field(ge=0)


class Reserve(BaseModel):
    """What of a device is kept free: for the shell (DMA, interconnect) and for placing and routing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lut: int = Field(default=0, ge=0)
    ff: int = Field(default=0, ge=0)
    bram36: float = Field(default=0.0, ge=0)
    uram: int = Field(default=0, ge=0)
    dsp: int = Field(default=0, ge=0)


class BoardFile(BaseModel):
    """A board's YAML file. `source` says where the resources' figures are from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    part: str = Field(min_length=1)  # as Vivado names it
    family: Literal["xc7", "xcup"]  # as Yosys names it: 7 series, UltraScale+
    clock_mhz: float = Field(gt=0, le=1000)
    resources: Budget
    reserve: Reserve = Reserve()
    source: str = Field(min_length=1)
    finn_name: str | None = None  # in FINN's part map, where it has the board


class Board(BoardFile):
    """A board with its name: that of its file, without the ending."""

    name: str

    @property
    def available(self) -> dict[str, float]:
        """What an accelerator may take of each resource: all of the device but the reserve."""
        kept = self.reserve.model_dump()
        return {key: have - kept[key] for key, have in self.resources.model_dump().items()}


def board_names() -> list[str]:
    """The names of the boards that come with hwflow, sorted."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def find_board(board: str) -> Board:
    """The board called `board`, or the one that the YAML file at the path `board` describes.

    Raises UserError: an unknown name, with the nearest one; a file that cannot be read or has a wrong key or value,
    with the key.
    """
    path = _folder() / f"{board}.yaml" if board in board_names() else Path(board)
    if not path.is_file():
        names = board_names()
        if path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
            raise UserError(f"{board}: no such board file; name a file that exists, or one of {', '.join(names)}")
        raise UserError(f"unknown board {board}{did_you_mean(board, names)}; there are {', '.join(names)}")
    content = read_yaml(path, BoardFile)
    kept = content.reserve.model_dump()
    for key, have in content.resources.model_dump().items():
        if kept[key] > have:
            raise UserError(
                f"{path}: reserve.{key}: {kept[key]:g} are more than the {have:g} there are; keep fewer free"
            )
    return Board(name=path.stem, **content.model_dump())


def _folder() -> Path:
    return content_root() / "build" / "boards"
