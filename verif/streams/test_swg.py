# SPDX-License-Identifier: Apache-2.0
"""hwf_swg, hwf_swg_row and hwf_swg_whole against windows cut from a padded numpy map."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from .bench import RTL, Beats, Integers, Variant, run

FRAMES = 4


@dataclass(frozen=True)
class Window:
    bits: int = 1
    c: int = 1
    simd: int = 1
    h: int = 5
    w: int = 5
    kh: int = 3
    kw: int = 3
    stride: int = 1
    pad: tuple[int, int, int, int] = (0, 0, 0, 0)  # top, left, bottom, right
    code: int = 0
    depthwise: int = 0
    style: str = "auto"

    @property
    def out_h(self) -> int:
        return (self.h + self.pad[0] + self.pad[2] - self.kh) // self.stride + 1

    @property
    def out_w(self) -> int:
        return (self.w + self.pad[1] + self.pad[3] - self.kw) // self.stride + 1

    @property
    def folds(self) -> int:
        return self.c // self.simd

    def parameters(self) -> dict[str, int | str]:
        top, left, bottom, right = self.pad
        elements = {"BITS": self.bits, "C": self.c, "SIMD": self.simd}
        sizes = {"H": self.h, "W": self.w, "KH": self.kh, "KW": self.kw, "STRIDE": self.stride}
        pads = {"PAD_T": top, "PAD_L": left, "PAD_B": bottom, "PAD_R": right, "PAD_CODE": self.code}
        return {**elements, **sizes, **pads, "DEPTHWISE": self.depthwise, "STYLE": self.style}


def windows(frame: Integers, window: Window) -> Integers:
    """Beats [words, simd] for a map [h, w, c]."""
    top, left, bottom, right = window.pad
    padded = np.pad(frame, ((top, bottom), (left, right), (0, 0)), constant_values=window.code)
    found = []
    for row in range(window.out_h):
        for column in range(window.out_w):
            y, x = row * window.stride, column * window.stride
            one = padded[y : y + window.kh, x : x + window.kw]
            words = one.reshape(window.kh * window.kw, window.folds, window.simd)
            found.append((words.transpose(1, 0, 2) if window.depthwise else words).reshape(-1, window.simd))
    return np.concatenate(found)


def variant(window: Window, seed: int = 0, module: str = "hwf_swg") -> Variant:
    """`window` in one of the three modules; those that send more than a pixel a beat have all channels in a word."""
    random = np.random.default_rng(seed)
    frames = random.integers(0, 1 << window.bits, (FRAMES, window.h, window.w, window.c))
    beats_in = frames.reshape(-1, window.simd)
    beats_out = np.concatenate([windows(frame, window) for frame in frames])
    cycles = max(len(beats_in), len(beats_out)) // FRAMES
    parameters = window.parameters()
    if module != "hwf_swg":
        assert window.simd == window.c and not window.depthwise
        del parameters["SIMD"], parameters["DEPTHWISE"]
        size = window.kw * window.c * (window.kh if module == "hwf_swg_whole" else 1)
        beats_out = beats_out.reshape(-1, size)
        cycles = row_cycles(window) if module == "hwf_swg_row" else whole_cycles(window)
    return Variant(
        module,
        parameters,
        {"in0_V": Beats(beats_in, window.bits)},
        {"out0_V": Beats(beats_out, window.bits)},
        FRAMES,
        cycles,
    )


def reach(size: int, kernel: int, stride: int, before: int, windows: int) -> int:
    """Words of a row, or rows of a map, that the last window needs, counted from the first one of the map."""
    return max(size, (windows - 1) * stride + kernel - before)


def row_cycles(window: Window) -> int:
    columns = reach(window.w, window.kw, window.stride, window.pad[1], window.out_w)
    return max(window.h * columns, window.h * window.out_w, window.out_h * window.kh * window.out_w)


def whole_cycles(window: Window) -> int:
    rows = reach(window.h, window.kh, window.stride, window.pad[0], window.out_h)
    columns = reach(window.w, window.kw, window.stride, window.pad[1], window.out_w)
    # Rows of windows that follow at once wait for the padding on the right of the row before.
    close = 0 if window.stride > 1 else window.out_h - (1 if window.pad[0] < window.kh - 1 else 0)
    return rows * window.w + close * (columns - window.w)


SAME3, SAME5 = (1, 1, 1, 1), (2, 2, 2, 2)
EVERYDAY = [
    Window(pad=SAME3, h=4, w=7, c=4, simd=4),
    Window(pad=SAME3, h=6, w=6, c=4, simd=2, stride=2, bits=3, code=4),
    Window(pad=SAME3, h=5, w=4, c=3, simd=1, stride=2, bits=2, code=3, depthwise=1),
    Window(pad=SAME5, h=7, w=6, kh=5, kw=5, c=2, simd=2, code=1, style="block"),
    Window(pad=SAME5, h=9, w=8, kh=5, kw=5, stride=2, c=2, simd=1, style="block", depthwise=1),
    Window(h=7, w=6, c=2, simd=1),  # no padding
    Window(h=6, w=5, c=2, simd=1, kh=2, kw=2, stride=2),  # a column left over
    Window(h=7, w=5, kh=1, kw=1, stride=2, c=4, simd=2, bits=4),
    Window(h=6, w=6, kh=1, kw=1, stride=2, c=2, simd=2),
    Window(h=4, w=3, kh=1, kw=1, stride=1, c=3, simd=1, bits=2),
    Window(h=8, w=7, kh=1, kw=1, stride=3),
    Window(h=2, w=3, kh=5, kw=4, pad=(2, 1, 3, 2), c=2, simd=2, bits=2, code=1),  # larger than the map
    Window(h=3, w=8, kh=1, kw=3, pad=(0, 2, 0, 2), c=2, simd=1),  # as much padding as there may be
    Window(h=3, w=4, pad=(2, 2, 2, 2), c=1, simd=1, code=1),
    Window(h=1, w=1, pad=(2, 0, 0, 2)),
    Window(h=9, w=10, kh=2, kw=2, stride=4, c=2, simd=1),  # rows and columns between the windows
    Window(h=5, w=6, kh=3, kw=2, stride=2, pad=(0, 1, 2, 0), c=2, simd=1, bits=2, code=2, depthwise=1),
    Window(h=9, w=9, kh=3, kw=3, stride=1, pad=SAME3, c=6, simd=2, style="block", bits=5, code=21),
]


ROWS = [
    Window(pad=(4, 4, 4, 4), h=12, w=14, kh=9, kw=9, stride=2, bits=8),  # a stem, made small
    Window(pad=SAME3, h=6, w=7, c=3, simd=3, bits=2, code=2),
    Window(pad=SAME3, h=6, w=6, c=2, simd=2, stride=2, bits=3, code=5, style="block"),
    Window(h=7, w=6),
    Window(h=6, w=5, kh=2, kw=2, stride=2),
    Window(h=9, w=10, kh=2, kw=3, stride=4),
    Window(h=5, w=6, kh=1, kw=3, pad=(0, 2, 0, 2)),
    Window(h=5, w=4, kh=3, kw=1, pad=(2, 0, 2, 0), code=1),
    Window(h=3, w=4, kh=5, kw=4, pad=(2, 1, 3, 2), bits=2, code=1),  # larger than the map
]
WHOLE = [window for window in ROWS if window.kh > 1]


def test_everyday_windows(work: Path) -> None:
    run([variant(window, seed) for seed, window in enumerate(EVERYDAY)], work).check("hwf_swg")


def test_kernel_rows_and_whole_windows(work: Path) -> None:
    rows = [variant(window, seed, "hwf_swg_row") for seed, window in enumerate(ROWS)]
    whole = [variant(window, seed, "hwf_swg_whole") for seed, window in enumerate(WHOLE)]
    parts = [RTL / f"hwf_{name}.sv" for name in ("swg", "swg_row", "swg_whole", "row_window", "column_window")]
    runs = run([*rows, *whole], work, sources=parts)
    runs.check("hwf_swg_row")
    runs.check("hwf_swg_whole")


def random_window(random: np.random.Generator) -> Window:
    """Any window that fits somewhere in its padded map."""
    kh, kw = (int(k) for k in random.integers(1, 6, 2))
    pad = tuple(int(random.integers(0, k)) for k in (kh, kw, kh, kw))
    h = int(random.integers(max(1, kh - pad[0] - pad[2]), 12))
    w = int(random.integers(max(1, kw - pad[1] - pad[3]), 12))
    simd, folds, bits = (int(n) for n in random.integers(1, 5, 3))
    return Window(
        bits=bits,
        c=simd * folds,
        simd=simd,
        h=h,
        w=w,
        kh=kh,
        kw=kw,
        stride=int(random.integers(1, 5)),
        pad=(pad[0], pad[1], pad[2], pad[3]),
        code=int(random.integers(0, 1 << bits)),
        depthwise=int(random.integers(0, 2)),
        style=str(random.choice(["auto", "lut", "block"])),
    )


@pytest.mark.slow
def test_random_windows(work: Path) -> None:
    random = np.random.default_rng(6868)
    drawn = [random_window(random) for _ in range(60)]
    run([variant(window, seed) for seed, window in enumerate(drawn)], work).check("hwf_swg")
