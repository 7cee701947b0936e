# SPDX-License-Identifier: Apache-2.0
"""Operators over space: sliding window with padding (FINN: FMPadding, ConvolutionInputGenerator), max, global sum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from qonnx.core.datatype import DataType

from hwflow.errors import UserError
from hwflow.hw.bits import Bits, pack
from hwflow.hw.ops.base import Integers, StreamOp, StreamSpec, divisors


class SlidingWindow_rtl(StreamOp):
    """Windows of a padded map (1, H, W, C) as vectors (1, OH, OW, KH*KW*C).

    `pad` is top, left, bottom, right; outside the map stands `padValue` (-1 for bipolar maps: DESIGN's contract).
    `depthwise` orders a vector channel fold, kernel row, kernel column instead of kernel row, kernel column, channel.
    SIMD is a divisor of the channels, or for maps of few channels a kernel row (KW * C) or the whole window (KH * KW * C);
    these two take a pixel a beat, and not in depthwise order.
    """

    leaf = "hwf_swg"
    row_leaf = "hwf_swg_row"
    whole_leaf = "hwf_swg_whole"
    folding: ClassVar[tuple[str, ...]] = ("SIMD",)

    def own_attributes(self) -> dict[str, tuple[Any, ...]]:
        return {
            "IFMDim": ("ints", True, []),
            "IFMChannels": ("i", True, 0),
            "ConvKernelDim": ("ints", True, []),
            "Stride": ("i", True, 1),
            "pad": ("ints", True, []),
            "padValue": ("i", False, 0),
            "depthwise": ("i", False, 0, {0, 1}),
            "SIMD": ("i", False, 1),
            "inputDataType": ("s", True, ""),
            "ram_style": ("s", False, "auto", {"auto", "lut", "block"}),
        }

    def out_dim(self) -> tuple[int, int]:
        height, width = self.shape("IFMDim")
        kh, kw = self.shape("ConvKernelDim")
        top, left, bottom, right = self.shape("pad")
        stride = self.integer("Stride")
        return (height + top + bottom - kh) // stride + 1, (width + left + right - kw) // stride + 1

    def module(self) -> str:
        _, kw = self.shape("ConvKernelDim")
        simd, channels = self.integer("SIMD"), self.integer("IFMChannels")
        if simd <= channels:
            return self.leaf
        return self.row_leaf if simd == kw * channels else self.whole_leaf

    def _simd(self) -> int:
        """SIMD, where it is one of the choices. Raises UserError naming the node otherwise."""
        simd, choices = self.integer("SIMD"), self.folding_choices()["SIMD"]
        if simd not in choices:
            raise UserError(
                f"node {self.onnx_node.name}: SIMD={simd} is no part of a window of"
                f" {'x'.join(str(k) for k in self.shape('ConvKernelDim'))} pixels of {self.integer('IFMChannels')} channels;"
                f" choose one of {', '.join(str(d) for d in choices)}"
            )
        return simd

    def streams_in(self) -> tuple[StreamSpec, ...]:
        channels = self.integer("IFMChannels")
        shape = (1, *self.shape("IFMDim"), channels)
        return (StreamSpec(shape, min(self._simd(), channels), self.datatype("inputDataType")),)

    def streams_out(self) -> tuple[StreamSpec, ...]:
        kh, kw = self.shape("ConvKernelDim")
        vector = kh * kw * self.integer("IFMChannels")
        return (StreamSpec((1, *self.out_dim(), vector), self._simd(), self.datatype("inputDataType")),)

    def get_exp_cycles(self) -> int:
        beats = max(self.streams_in()[0].beats, self.streams_out()[0].beats)
        if self.module() == self.leaf:
            return beats
        height, width = self.shape("IFMDim")
        (kh, kw), (oh, ow), stride = self.shape("ConvKernelDim"), self.out_dim(), self.integer("Stride")
        top, left, *_ = self.shape("pad")
        # A row of the map, or its rows, up to where the last window ends.
        columns = max(width, (ow - 1) * stride + kw - left)
        if self.module() == self.row_leaf:
            return max(beats, height * columns, height * ow)
        rows = max(height, (oh - 1) * stride + kh - top)
        # Rows of windows that follow at once wait for the padding on the right of the row before.
        close = 0 if stride > 1 else oh - (1 if top < kh - 1 else 0)
        return rows * width + close * (columns - width)

    def folding_choices(self) -> dict[str, list[int]]:
        channels = self.integer("IFMChannels")
        kh, kw = self.shape("ConvKernelDim")
        choices = divisors(channels)
        if not self.integer("depthwise"):
            choices += [kw * channels] if kw > 1 else []
            choices += [kh * kw * channels] if kh > 1 and self.shape("IFMDim")[1] > 1 else []
        return {"SIMD": choices}

    def parameters(self, constants: Sequence[Integers]) -> dict[str, int | str | Bits]:
        height, width = self.shape("IFMDim")
        kh, kw = self.shape("ConvKernelDim")
        top, left, bottom, right = self.shape("pad")
        dtype = self.datatype("inputDataType")
        bits = int(dtype.bitwidth())
        value = self.integer("padValue")
        code = int(value > 0) if dtype == DataType["BIPOLAR"] else value
        one_pixel: dict[str, int | str | Bits] = {"SIMD": self._simd(), "DEPTHWISE": self.integer("depthwise")}
        return {
            "BITS": bits,
            "C": self.integer("IFMChannels"),
            **(one_pixel if self.module() == self.leaf else {}),
            "H": height,
            "W": width,
            "KH": kh,
            "KW": kw,
            "STRIDE": self.integer("Stride"),
            "PAD_T": top,
            "PAD_L": left,
            "PAD_B": bottom,
            "PAD_R": right,
            "PAD_CODE": pack(np.array([code]), bits),
            "STYLE": str(self.get_nodeattr("ram_style")),
        }

    def compute(self, arrays: Sequence[Integers], constants: Sequence[Integers]) -> list[Integers]:
        return [
            windows(
                arrays[0],
                self.shape("ConvKernelDim"),
                self.integer("Stride"),
                self.shape("pad"),
                self.integer("padValue"),
                self.integer("SIMD") if self.integer("depthwise") else None,
            )
        ]


def windows(
    image: Integers,
    kernel: Sequence[int],
    stride: int,
    pad: Sequence[int],
    value: int,
    fold: int | None,
) -> Integers:
    """Windows of (N, H, W, C) as (N, OH, OW, KH*KW*C); `fold`: channels of a beat in depthwise order, else None."""
    top, left, bottom, right = pad
    padded = np.pad(image, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=value)
    view = np.lib.stride_tricks.sliding_window_view(padded, tuple(kernel), axis=(1, 2))[:, ::stride, ::stride]
    n, oh, ow, channels, kh, kw = view.shape
    if fold is None:
        return view.transpose(0, 1, 2, 4, 5, 3).reshape(n, oh, ow, -1)
    split = view.reshape(n, oh, ow, channels // fold, fold, kh, kw)
    return split.transpose(0, 1, 2, 3, 5, 6, 4).reshape(n, oh, ow, -1)


class StreamingMax_rtl(StreamOp):
    """Maximum over a window that arrives in depthwise order: (1, OH, OW, K*C) to (1, OH, OW, C)."""

    leaf = "hwf_max"
    folding: ClassVar[tuple[str, ...]] = ("PE",)

    def own_attributes(self) -> dict[str, tuple[Any, ...]]:
        return {
            "NumChannels": ("i", True, 0),
            "PE": ("i", False, 1),
            "numInputVectors": ("ints", True, [1]),
            "window": ("i", True, 1),
            "inputDataType": ("s", True, ""),
        }

    def streams_in(self) -> tuple[StreamSpec, ...]:
        channels = self.integer("NumChannels")
        pe = self.check_divides("PE", channels, "NumChannels")
        shape = (*self.shape("numInputVectors"), channels * self.integer("window"))
        return (StreamSpec(shape, pe, self.datatype("inputDataType")),)

    def streams_out(self) -> tuple[StreamSpec, ...]:
        shape = (*self.shape("numInputVectors"), self.integer("NumChannels"))
        return (StreamSpec(shape, self.integer("PE"), self.datatype("inputDataType")),)

    def get_exp_cycles(self) -> int:
        return self.streams_in()[0].beats

    def folding_choices(self) -> dict[str, list[int]]:
        return {"PE": divisors(self.integer("NumChannels"))}

    def parameters(self, constants: Sequence[Integers]) -> dict[str, int | str | Bits]:
        dtype = self.datatype("inputDataType")
        return {
            "PE": self.integer("PE"),
            "BITS": int(dtype.bitwidth()),
            "SIGNED": self.ordered_signed(dtype),
            "WINDOW": self.integer("window"),
        }

    def compute(self, arrays: Sequence[Integers], constants: Sequence[Integers]) -> list[Integers]:
        pe = self.integer("PE")
        lead = arrays[0].shape[:-1]
        split = arrays[0].reshape(*lead, self.integer("NumChannels") // pe, self.integer("window"), pe)
        return [split.max(axis=-2).reshape(*lead, -1)]


class GlobalAccumulate_rtl(StreamOp):
    """Sum over all pixels of each channel: (1, H, W, C) to (1, C). The mean's division is in the last scale."""

    leaf = "hwf_accumulate"
    folding: ClassVar[tuple[str, ...]] = ("PE",)

    def own_attributes(self) -> dict[str, tuple[Any, ...]]:
        return {
            "NumChannels": ("i", True, 0),
            "PE": ("i", False, 1),
            "numInputVectors": ("ints", True, [1]),
            "inputDataType": ("s", True, ""),
            "outputDataType": ("s", True, ""),
        }

    def streams_in(self) -> tuple[StreamSpec, ...]:
        channels = self.integer("NumChannels")
        pe = self.check_divides("PE", channels, "NumChannels")
        return (StreamSpec((*self.shape("numInputVectors"), channels), pe, self.datatype("inputDataType")),)

    def streams_out(self) -> tuple[StreamSpec, ...]:
        shape = (1, self.integer("NumChannels"))
        return (StreamSpec(shape, self.integer("PE"), self.datatype("outputDataType")),)

    def get_exp_cycles(self) -> int:
        return self.streams_in()[0].beats

    def folding_choices(self) -> dict[str, list[int]]:
        return {"PE": divisors(self.integer("NumChannels"))}

    def parameters(self, constants: Sequence[Integers]) -> dict[str, int | str | Bits]:
        dtype = self.datatype("inputDataType")
        return {
            "C": self.integer("NumChannels"),
            "PE": self.integer("PE"),
            "IBITS": int(dtype.bitwidth()),
            "ISIGNED": int(dtype.signed()),
            "OBITS": int(self.datatype("outputDataType").bitwidth()),
            "PIXELS": int(np.prod(self.shape("numInputVectors"))),
        }

    def compute(self, arrays: Sequence[Integers], constants: Sequence[Integers]) -> list[Integers]:
        return [arrays[0].sum(axis=tuple(range(1, arrays[0].ndim - 1)))]
