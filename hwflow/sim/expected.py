# SPDX-License-Identifier: Apache-2.0
"""What must pass on every stream of a design: the network's own tensors, as bytes in the order of the beats."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qonnx.core.datatype import BaseDataType, DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from hwflow.compile.assemble import Edge, edges
from hwflow.compile.integers import Integers
from hwflow.compile.map import HEAD_KEY, ORIGINS_KEY

Bytes = NDArray[np.uint8]
REARRANGING = {"SlidingWindow_rtl", "DuplicateStreams_rtl", "WidthConverter_rtl", "ElasticFIFO_rtl"}


@dataclass(frozen=True)
class Expected:
    """Values (frames, beats a frame, elements a beat) of one stream, and where they come from.

    `origin` is the tensor of the network, "" for the label.
    """

    edge: Edge
    origin: str
    values: Integers

    def bytes(self) -> Bytes:
        """(frames * beats, bytes a beat)"""
        frames, beats, parallel = self.values.shape
        return to_bytes(self.values.reshape(frames * beats, parallel), self.edge.spec.dtype)


def expected_streams(design: ModelWrapper, tensors: Mapping[str, Integers]) -> list[Expected]:
    """Every stream of an assembled design, in topological order.

    `tensors` are integers of the network by name, (frames, C, H, W) or (frames, C). A stream that only rearranges
    another tensor is computed from that tensor, never from what hardware made of it.
    """
    origins: dict[str, str] = json.loads(design.get_metadata_prop(ORIGINS_KEY))
    maps: dict[str, Integers] = {}
    names: dict[str, str] = {}
    for hardware, origin in origins.items():
        array = tensors[origin]
        maps[hardware] = array.transpose(0, 2, 3, 1) if array.ndim == 4 else array
        names[hardware] = origin
    for node in design.graph.node:
        op = getCustomOp(node)
        if node.op_type in REARRANGING:
            source = node.input[0]
            for name, array in zip(node.output, op.compute([maps[source]], []), strict=True):
                maps[name] = array
                names[name] = names[source]
        elif node.op_type == "LabelSelect_rtl" and design.get_metadata_prop(HEAD_KEY) == "top1":
            logits = maps[node.input[0]]
            maps[node.output[0]] = logits.argmax(axis=-1)[..., None]  # ties go to the lowest label
            names[node.output[0]] = ""
    result = []
    for edge in edges(design):
        array = maps[edge.tensor]
        values = array.reshape(array.shape[0], edge.spec.beats, edge.spec.parallel)
        result.append(Expected(edge, names[edge.tensor], values))
    return result


def to_bytes(values: Integers, dtype: BaseDataType) -> Bytes:
    """Elements (beats, parallel) as the bytes of each beat, element 0 in the lowest bits.

    Raises ValueError for a value that is none of the type's: cut to its bits, it could pass for another.
    """
    if values.size and not dtype.min() <= values.min() <= values.max() <= dtype.max():
        raise ValueError(f"values from {values.min()} to {values.max()} do not fit {dtype.name}")
    bits = int(dtype.bitwidth())
    codes = (values + 1) // 2 if dtype == DataType["BIPOLAR"] else values & ((1 << bits) - 1)
    beats, parallel = codes.shape
    if bits == 1:
        planes = codes.astype(np.uint8)
    else:
        planes = ((codes[:, :, None] >> np.arange(bits)) & 1).astype(np.uint8).reshape(beats, parallel * bits)
    return np.packbits(planes, axis=1, bitorder="little")


def from_bytes(data: Bytes, parallel: int, dtype: BaseDataType) -> Integers:
    """Elements (beats, parallel) from the bytes of each beat; the inverse of `to_bytes`."""
    bits = int(dtype.bitwidth())
    planes = np.unpackbits(data, axis=1, bitorder="little")[:, : parallel * bits]
    codes: Integers = (planes.reshape(len(data), parallel, bits).astype(np.int64) << np.arange(bits)).sum(axis=2)
    if dtype == DataType["BIPOLAR"]:
        return 2 * codes - 1
    if dtype.signed():
        return np.where(codes >= 1 << (bits - 1), codes - (1 << bits), codes)
    return codes
