# SPDX-License-Identifier: Apache-2.0
"""Small designs of real operators, and what they compute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from hwflow.boards import Board, find_board
from hwflow.compile.assemble import assemble
from hwflow.compile.fold import Folding
from hwflow.compile.generate import write_rtl
from hwflow.compile.integers import Integers
from hwflow.compile.map import HEAD_KEY
from hwflow.deploy.write import Samples, write_deploy
from hwflow.hw.ops import DOMAIN

CLASSES = ("scratch", "pit", "stain", "burr", "rust", "clean")
HEIGHT, WIDTH, CHANNELS = 4, 5, 6


@dataclass(frozen=True)
class Deployed:
    """A design, the folder made of it, and frames [N, H, W, C] with the outputs that it must give for them."""

    design: ModelWrapper
    folder: Path
    frames: Integers
    outputs: Integers


def brightest_channel(
    head: str, parallel: int = 3, channels: int = CHANNELS, size: Sequence[int] = (HEIGHT, WIDTH)
) -> ModelWrapper:
    """The sum of each channel over the image, and with `head` top1 the label of the largest; assembled and folded."""
    sums, label = "UINT13", "UINT3"
    common = {"domain": DOMAIN, "backend": "fpgadataflow", "NumChannels": channels}
    nodes = [
        helper.make_node(
            "GlobalAccumulate_rtl", ["image"], ["sums"], name="total", numInputVectors=[1, *size],
            inputDataType="UINT8", outputDataType=sums, **common,
        ),
    ]  # fmt: skip
    if head == "top1":
        nodes.append(
            helper.make_node(
                "LabelSelect_rtl", ["sums"], ["label"], name="best", numInputVectors=[1], inputDataType=sums,
                outputDataType=label, **common,
            )
        )  # fmt: skip
    shapes = {"image": (1, *size, channels), "sums": (1, channels), "label": (1, 1)}
    end = "label" if head == "top1" else "sums"
    info = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()}
    inner = [info["sums"]] if head == "top1" else []
    graph = helper.make_graph(nodes, "brightest", [info["image"]], [info[end]], value_info=inner)
    model = ModelWrapper(helper.make_model(graph))
    for name, dtype in (("image", "UINT8"), ("sums", sums), ("label", label)):
        if name in (end, "image", "sums"):
            model.set_tensor_datatype(name, DataType[dtype])
    model.set_metadata_prop(HEAD_KEY, head)
    wished = {"total": {"PE": parallel}, "best": {"PE": 2}}
    there = {node.name for node in model.graph.node}
    return assemble(model, Folding(1000, {name: values for name, values in wished.items() if name in there}))


def expected(design: ModelWrapper, frames: Integers) -> Integers:
    """What the operators compute, frame by frame: [N] labels or [N, C] sums."""
    results = []
    for frame in frames:
        array = frame[None]
        for node in design.graph.node:
            (array,) = getCustomOp(node).compute([array], [])
        results.append(array.reshape(-1))
    outputs = np.stack(results)
    return outputs[:, 0] if design.get_metadata_prop(HEAD_KEY) == "top1" else outputs


def deploy_brightest(
    work: Path, head: str = "top1", board: str | Board = "pynq-z2", clock_mhz: float = 100.0, parallel: int = 3
) -> Deployed:
    """The deploy folder of `brightest_channel`, in `work`, with seven frames to check."""
    design = brightest_channel(head, parallel)
    write_rtl(design, work / "rtl")
    frames = np.random.default_rng(3).integers(0, 256, (7, HEIGHT, WIDTH, CHANNELS))
    outputs = expected(design, frames)
    write_deploy(
        design,
        find_board(board) if isinstance(board, str) else board,
        work / "deploy",
        rtl=work / "rtl",
        name="brightest",
        clock_mhz=clock_mhz,
        classes=CLASSES,
        samples=Samples(frames.transpose(0, 3, 1, 2), outputs),
    )
    return Deployed(design, work / "deploy", frames, outputs)
