# SPDX-License-Identifier: Apache-2.0
"""What a build was asked to do, resolved and checked before anything is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from hwflow.boards import Board, find_board
from hwflow.compile.fold import Target, load_target
from hwflow.content import content_root
from hwflow.errors import UserError
from hwflow.models import ModelRecipe, find_recipe

DEFAULT_FPS = 200.0
DEFAULT_FRAMES = 4
BUILT_RECIPES = ("neu", "mini")  # what is built where nobody says which: the whole network first
FILE_NAME = "build.json"


@dataclass(frozen=True)
class Plan:
    """A build's options; paths are absolute. With `onnx`, `model` is the file's stem and `recipe` is empty; `fps` "max" is the
    highest rate that is predicted to fit."""

    model: str
    recipe: str
    onnx: str | None
    board: str
    clock_mhz: float
    fps: float | Literal["max"]
    frames: int
    images: str | None
    target: str | None
    out: str

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"

    @property
    def folder(self) -> Path:
        return Path(self.out)

    def find_board(self) -> Board:
        return find_board(self.board)

    def find_recipe(self) -> ModelRecipe | None:
        """The recipe, or None for an ONNX file."""
        return None if self.onnx else find_recipe(self.model, self.recipe)

    def load_target(self) -> Target:
        return load_target(Path(self.target)) if self.target else Target()


def make_plan(
    *,
    board: str,
    model: str,
    recipe: str | None,
    onnx: Path | None,
    fps: float | Literal["max"] | None,
    clock_mhz: float | None,
    target: Path | None,
    frames: int,
    images: Path | None,
    out: Path | None,
) -> Plan:
    """Resolve names, defaults and the target file. Raises UserError for whatever is unknown or out of range."""
    found = find_board(board)
    recipe_name = ""
    model_name = model
    if onnx is not None:
        if recipe is not None:
            raise UserError("--recipe goes with --model; an ONNX file has no recipe")
        if not onnx.is_file():
            raise UserError(f"{onnx}: no such file; name a QONNX file")
        model_name = onnx.stem
    else:
        resolved = find_recipe(model, recipe, defaults=BUILT_RECIPES)
        resolved.require_layers("build as hardware")
        recipe_name = resolved.name
    target = target or _own_target(Path(model_name).name, found.name)
    wished = load_target(target) if target is not None else Target()
    speed = fps if fps is not None else (wished.fps or DEFAULT_FPS)
    if speed != "max" and not 0 < speed < 1e9:
        source = "--fps" if fps is not None else f"{target}: fps"
        raise UserError(f"{source} {speed:g}: must be above 0 and below 1e9")
    clock = clock_mhz if clock_mhz is not None else found.clock_mhz
    if not 1 <= clock <= 1000:
        raise UserError(f"--clock {clock:g}: must lie between 1 and 1000 MHz")
    if frames < 2:
        raise UserError(f"--frames {frames}: two at least, since the steady rate is the distance of two frames")
    folder = out or Path("out") / f"{Path(model_name).name}-{found.name}"
    return Plan(
        model=model_name
        if onnx is not None or model_name == Path(model_name).name
        else str(Path(model_name).resolve()),
        recipe=recipe_name,
        onnx=str(onnx.resolve()) if onnx is not None else None,
        board=board if not Path(board).is_file() else str(Path(board).resolve()),
        clock_mhz=clock,
        fps=speed,
        frames=frames,
        images=str(images.resolve()) if images is not None else None,
        target=str(target.resolve()) if target is not None else None,
        out=str(folder.resolve()),
    )


def _own_target(model: str, board: str) -> Path | None:
    """build/targets/MODEL-BOARD.yaml where there is one."""
    path = content_root() / "build" / "targets" / f"{model}-{board}.yaml"
    return path if path.is_file() else None


def read_plan(folder: Path) -> Plan:
    """The plan of a build folder. Raises UserError where there is none, or it is broken."""
    path = folder / FILE_NAME
    try:
        raw: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Plan(**{**raw, "out": str(folder.resolve())})
    except OSError:
        raise UserError(f"{path}: no such file; name a folder that hwflow build has made") from None
    except (ValueError, TypeError):
        raise UserError(f"{path}: not a build's record; run hwflow build again") from None
