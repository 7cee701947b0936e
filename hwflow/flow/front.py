# SPDX-License-Identifier: Apache-2.0
"""The stages that can refuse the user's input: export, streamline, map, fold.

They work in a folder of their own, which takes the build folder's place only once all have passed: a network that
cannot be built leaves no trace and spoils no earlier build.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from qonnx.core.modelwrapper import ModelWrapper
from torch import nn

from hwflow.compile.flatten import flatten_late
from hwflow.compile.fold import fold
from hwflow.compile.map import to_dataflow
from hwflow.compile.pixels import whole_pixels
from hwflow.compile.rescale import scales_behind_products
from hwflow.compile.solve import Limits
from hwflow.compile.streamline import integer_facts, streamline
from hwflow.compile.tradeoff import tradeoff
from hwflow.data.frames import frames as make_frames
from hwflow.errors import UserError
from hwflow.files import publish
from hwflow.flow.plan import FILE_NAME, Plan
from hwflow.models import ModelRecipe
from hwflow.nn.export import export_qonnx

QONNX = "1-qonnx.onnx"
STREAMLINED = "2-streamlined.onnx"
DATAFLOW = "3-dataflow.onnx"
FOLDING = "folding.yaml"
SOLUTION = "solution.json"
FRAMES = "frames.npy"
FRONT = (QONNX, STREAMLINED, DATAFLOW, FOLDING, SOLUTION, FRAMES, FILE_NAME)


@contextmanager
def front_folder(target: Path) -> Iterator[Path]:
    """A scratch folder with the target's front artefacts, which take their place in the target if all goes well.

    Raises UserError where the target cannot be written.
    """
    parent = next(p for p in (target, *target.parents) if p.exists())
    if not parent.is_dir():
        raise UserError(f"{parent}: not a folder; choose another --out")
    existing = target.parent
    try:
        made = [p for p in (existing, *existing.parents) if not p.exists()]
        existing.mkdir(parents=True, exist_ok=True)
        scratch = existing / f".{uuid.uuid4().hex}-front"
        scratch.mkdir()
    except OSError as error:
        raise UserError(f"{target}: cannot be written ({error.strerror}); choose another --out") from None
    done = False
    try:
        if target.is_dir():
            _check_writable(target)
            for name in FRONT:
                if (target / name).exists():
                    shutil.copy2(target / name, scratch / name)
            if (target / ".stages").is_dir():
                shutil.copytree(target / ".stages", scratch / ".stages")
        yield scratch
        target.mkdir(exist_ok=True)
        (target / ".stages").mkdir(exist_ok=True)
        for path in [*scratch.glob(".stages/*.json"), *(scratch / n for n in FRONT if (scratch / n).exists())]:
            path.replace(target / path.relative_to(scratch))
        done = True
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        if not done:
            for folder in made:
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()


def _check_writable(folder: Path) -> None:
    probe = folder / f".{uuid.uuid4().hex}"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error.strerror}); choose another --out") from None


def load_network(plan: Plan) -> nn.Module | None:
    """The trained network of the plan's recipe, or None for an ONNX file."""
    found = plan.find_recipe()
    return None if found is None else found.load()


def load_qonnx(path: Path) -> onnx.ModelProto:
    """A QONNX file. Raises UserError where it is none."""
    try:
        model = onnx.load(path)
    except (DecodeError, OSError, ValueError) as error:
        raise UserError(f"{path}: not an ONNX file ({str(error).splitlines()[0]})") from None
    if not model.graph.node or not model.graph.input:
        raise UserError(f"{path}: not an ONNX file with a graph; export one with hwflow.nn.export or Brevitas")
    return model


def export(plan: Plan, folder: Path) -> str:
    """The network as QONNX -> 1-qonnx.onnx; a file of the user's with its input, scales and reshapes in order.

    Returns what is assumed of the file's input, "" for nothing.
    """
    found, note = plan.find_recipe(), ""
    if found is not None:
        model = _exported(found)
    else:
        given = load_qonnx(Path(str(plan.onnx)))
        model = in_order(given)
        note = "" if whole_pixels(given) is given else "takes pixels as k / 255"
    publish(folder / QONNX, lambda path: path.write_bytes(model.SerializeToString()))
    return note


def in_order(model: onnx.ModelProto) -> onnx.ModelProto:
    """A QONNX graph as other tools export it, as streamlining takes it; in real numbers it is the same function."""
    return scales_behind_products(flatten_late(whole_pixels(model)))


def _exported(found: ModelRecipe) -> onnx.ModelProto:
    return export_qonnx(found.load(), found.recipe.input.shape)


def make_streamlined(folder: Path) -> None:
    """1-qonnx.onnx -> 2-streamlined.onnx"""
    model = streamline(load_qonnx(folder / QONNX))
    publish(folder / STREAMLINED, lambda path: model.save(str(path)))


def make_dataflow(folder: Path, head: str) -> None:
    """2-streamlined.onnx -> 3-dataflow.onnx"""
    model = to_dataflow(ModelWrapper(str(folder / STREAMLINED)), head)
    publish(folder / DATAFLOW, lambda path: model.save(str(path)))


def make_folding(plan: Plan, folder: Path) -> None:
    """3-dataflow.onnx -> folding.yaml, and solution.json: what this and other rates are predicted to cost"""
    board = plan.find_board()
    have = board.available
    limits = Limits(have["lut"], have["bram36"], int(have["dsp"]))
    folded = fold(ModelWrapper(str(folder / DATAFLOW)), plan.clock_mhz, plan.fps, limits, plan.load_target())
    publish(folder / FOLDING, lambda path: path.write_text(folded.folding.to_yaml()))
    text = json.dumps(tradeoff(folded, plan.clock_mhz, limits), indent=1) + "\n"
    publish(folder / SOLUTION, lambda path: path.write_text(text))


def write_frames(plan: Plan, folder: Path) -> None:
    """The frames to simulate, uint8 (N, C, H, W) -> frames.npy"""
    model = ModelWrapper(str(folder / STREAMLINED))
    _, channels, height, width = integer_facts(model)[model.graph.input[0].name].shape
    images = Path(plan.images) if plan.images else None
    array = make_frames(plan.frames, (channels, height, width), images=images)
    if len(array) < 2:
        raise UserError(f"{plan.images}: holds one image; the simulation needs two frames at least")

    def write(path: Path) -> None:
        with path.open("wb") as file:
            np.save(file, array, allow_pickle=False)

    publish(folder / FRAMES, write)
