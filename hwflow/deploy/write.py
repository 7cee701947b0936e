# SPDX-License-Identifier: Apache-2.0
"""The deploy folder: all that a bitstream and its use on the board need, and nothing of hwflow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy.typing import NDArray
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from hwflow.boards import Board
from hwflow.compile.generate import TOP, rtl_sources
from hwflow.compile.integers import Integers
from hwflow.compile.map import HEAD_KEY
from hwflow.deploy.shell import LENGTH_BITS, WIDEST_BYTES, Port, ports, shell_of
from hwflow.errors import UserError
from hwflow.hw.ops.base import leaf_sources

MODULE = "accelerator_axis"
ULTRASCALE = "HWF_ULTRASCALE"
SCRIPT, DRIVER, README, CHECK = "build.tcl", "driver.py", "README.md", "check.npz"


@dataclass(frozen=True)
class Samples:
    """Frames for a check on the board.

    `frames` are integers (N, C, H, W) or (N, C); `outputs` the trained network's integers for them in the order of the
    output stream, any shape [N, ...] of as many values (as `Expected.values` has them).
    """

    frames: Integers
    outputs: Integers


def write_deploy(
    design: ModelWrapper,
    board: Board,
    folder: Path,
    *,
    rtl: Path,
    name: str,
    clock_mhz: float,
    classes: Sequence[str] = (),
    samples: Samples | None = None,
) -> None:
    """Fill the new `folder` with build.tcl, driver.py, README.md, rtl/ and, with `samples`, check.npz.

    `rtl` is the generated folder of `design`, with its FIFO depths; `name` is what the README calls the design.
    Raises UserError where the board's device has no processing system, where no DMA takes the design's streams, or
    where `classes` are not as many as the network's.
    """
    shell = shell_of(board.part)
    if shell is None:
        raise UserError(
            f"board {board.name}: part {board.part} has no processing system to run a driver; choose a Zynq-7000 or"
            " Zynq UltraScale+ board"
        )
    source, sink = ports(design)
    top1 = design.get_metadata_prop(HEAD_KEY) == "top1"
    _check_classes(design, top1, classes)
    folder.mkdir(parents=True)
    (folder / "rtl").mkdir()
    sources = [*rtl_sources(rtl), *(path for path in leaf_sources("hwf_tlast") if not (rtl / path.name).exists())]
    for path in sources:
        copy_leaf(path, folder / "rtl" / path.name, ultrascale=shell == "zynqmp")
    if samples is not None:
        _write_check(folder / CHECK, samples, source, sink, top1)
    facts = {
        "name": name,
        "board": board,
        "shell": shell,
        "clock_mhz": f"{clock_mhz:g}",
        "top": TOP,
        "module": MODULE,
        "source": source,
        "sink": sink,
        "top1": top1,
        "classes": list(classes),
        "alignment": WIDEST_BYTES,
        "length_bits": LENGTH_BITS,
        "sources": [*(f"rtl/{path.name}" for path in sources), f"rtl/{MODULE}.v"],
        "results": "labels [N]" if top1 else f"integers [N, {', '.join(map(str, sink.shape))}]",
        "check": None if samples is None else len(samples.frames),
    }
    environment = _environment()
    for target in (f"rtl/{MODULE}.v", SCRIPT, DRIVER, README):
        text = environment.get_template(f"{Path(target).name}.j2").render(facts)
        (folder / target).write_text(text, encoding="utf-8")


def copy_leaf(source: Path, target: Path, *, ultrascale: bool) -> None:
    """Leaves that place other cells on UltraScale are told of it in their first line.

    A definition of the Vivado project would not do: the accelerator is a module of a block design, and its synthesis,
    a run of its own, does not see it.
    """
    text = source.read_text(encoding="utf-8")
    told = ultrascale and f"`ifdef {ULTRASCALE}" in text
    target.write_text(f"`define {ULTRASCALE}\n{text}" if told else text, encoding="utf-8")


def _check_classes(design: ModelWrapper, top1: bool, classes: Sequence[str]) -> None:
    if not classes or not top1:
        return
    labels = [node for node in design.graph.node if node.op_type == "LabelSelect_rtl"]
    if labels and (count := getCustomOp(labels[0]).integer("NumChannels")) != len(classes):
        raise UserError(f"{len(classes)} class names for a network with {count} classes; name each one once")


def _write_check(path: Path, samples: Samples, source: Port, sink: Port, top1: bool) -> None:
    frames = samples.frames.transpose(0, 2, 3, 1) if samples.frames.ndim == 4 else samples.frames
    outputs = samples.outputs.reshape(len(frames), *(() if top1 else sink.shape))
    np.savez_compressed(path, frames=_narrow(frames, source), outputs=outputs.astype(np.int32))


def _narrow(frames: Integers, source: Port) -> NDArray[np.integer]:
    low, high = source.limits
    return frames.astype(np.promote_types(np.min_scalar_type(low), np.min_scalar_type(high)))


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("hwflow.deploy", "templates"),
        autoescape=False,  # no HTML here: Tcl, Verilog, Python, Markdown
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(quoted=_quoted, stream=stream_text, many=_many)
    return environment


def stream_text(port: Port) -> str:
    """A port as the driver's `Stream`."""
    low, high = port.limits
    return (
        f"Stream({port.shape!r}, parallel={port.spec.parallel}, bits={port.bits}, low={low}, high={high},"
        f" bipolar={port.bipolar}, beat_bytes={port.dma_bytes})"
    )


def _quoted(words: str | list[str]) -> str:
    """As Python writes them, with double quotes."""
    return json.dumps(words, ensure_ascii=False)


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
