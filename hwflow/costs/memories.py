# SPDX-License-Identifier: Apache-2.0
"""Block RAMs and DSP slices that a module takes, by the rules in its header: nothing is fitted.

Which memories lie in block RAM also decides which LUTs a module has (`hwflow.costs.features`).
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, log2

from hwflow.costs.shapes import Shape

RAMB18_SHAPES = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))
LUTS_A_BLOCK = 100  # what the modules' style "auto" takes an RAMB18 to be worth


def block_rams(shape: Shape) -> int:
    """RAMB18 that the module takes."""
    found = _BLOCKS.get(shape.module)
    return found(shape) if found else 0


def dsps(shape: Shape) -> int:
    """DSP slices that the module takes."""
    if shape.module in ("hwf_affine", "hwf_line"):
        return 0 if shape.number("SHIFTS") else shape.number("PE")
    if shape.module == "hwf_mvu_int" and shape.word("MULTIPLIER", "dsp") == "dsp":
        pe = shape.number("PE")
        return shape.number("SIMD") * (pe - pe // 2 if _pairs(shape) else pe)
    return 0


def _pairs(s: Shape) -> bool:
    """Whether two rows share a slice: their sums must lie side by side in it (hwf_mvu_int)."""
    field = 25 - s.number("WBITS") - 1
    sums = s.number("ABITS") + s.number("WBITS") + ceil(log2(s.number("SIMD")))
    activation = s.number("ABITS") + (0 if s.number("ASIGNED") else 1)
    return s.number("WBITS") > 1 and field >= s.number("WBITS") and sums - field <= 5 and activation <= 18


def bits_for(count: int) -> int:
    """Bits of an index of `count` things, at least 1."""
    return max(1, ceil(log2(count))) if count > 1 else 1


def blocks(words: int, width: int) -> int:
    """Block RAMs of 18 kbit (a 7-series RAMB18) that hold `words` of `width` bits: the shape that needs the fewest."""
    return min(-(-words // deep) * -(-width // wide) for deep, wide in RAMB18_SHAPES)


def ram_luts(words: int, width: int) -> int:
    """LUTs of a distributed memory with one port of each kind (RAM32M, RAM64M and multiplexers)."""
    if words <= 32:
        return 4 * ceil(width / 6)
    banks = ceil(words / 64)
    return banks * 4 * ceil(width / 3) + (width * ceil(banks / 4) + 2 * banks if banks > 1 else 0)


def steps(s: Shape) -> tuple[int, int]:
    return s.number("MW") // s.number("SIMD"), s.number("MH") // s.number("PE")


def channel_folds(s: Shape) -> int:
    return s.number("C") // s.number("PE")


def replay_blocks(s: Shape, width: int) -> int:
    """RAMB18 of the memory of two input vectors, 0 where it is in LUTs (hwf_replay)."""
    sf, nf = steps(s)
    if nf == 1 or sf == 1:
        return 0
    address = 1 + bits_for(sf)
    luts = 4 * ceil(width / 6) if address <= 5 else ceil(2**address / 64) * 4 * ceil(width / 3)
    wide = next((w for d, w in RAMB18_SHAPES if 1 << address <= d), 1)
    need = -(-width // wide)
    return need if luts > LUTS_A_BLOCK * need else 0


def even_word(s: Shape) -> int:
    """Bits of a channel's center and distances (hwf_even_steps)."""
    bent = s.number("BENT")
    return s.number("IBITS") + 1 + s.number("FRAC") + s.number("DBITS") * (1 + bent) + s.number("JBITS") * bent


def even_blocks(s: Shape) -> int:
    """RAMB18 of the memory of centers and distances, 0 where it is in LUTs."""
    channels, width = channel_folds(s), s.number("PE") * even_word(s)
    need = blocks(channels, width)
    return need if s.number("EVEN") and channels > 32 and -(-channels // 64) * width > LUTS_A_BLOCK * need else 0


def line_word(s: Shape) -> int:
    line = s.number("MBITS") + s.number("ABITS")
    return s.number("IBITS") + 1 + 2 * line if s.number("KNEE") else line


def window_words(s: Shape) -> int:
    """Words of the circular memory of hwf_swg: a window and the longest jump of its origin, a power of two."""
    folds = s.number("C") // s.number("SIMD")
    h, w, kh, kw, sy = (s.number(n) for n in ("H", "W", "KH", "KW", "STRIDE"))
    sx = s.number("STRIDE_X", sy)
    oh = (h + s.number("PAD_T") + s.number("PAD_B") - kh) // sy + 1
    ow = (w + s.number("PAD_L") + s.number("PAD_R") - kw) // sx + 1
    span = ((kh - 1) * w + kw) * folds
    row = (sy * w - (ow - 1) * sx) * folds
    frame = ((h - (oh - 1) * sy) * w - (ow - 1) * sx) * folds
    return 1 << max(1, ceil(log2(span + max(sx * folds, row, frame))))


def window_blocks(s: Shape) -> int:
    """RAMB18 of the memory where it lies in block RAM."""
    words, width = window_words(s), s.number("SIMD") * s.number("BITS")
    return next((-(-width // wide) for deep, wide in RAMB18_SHAPES if words <= deep), -(-words // 16384) * width)


def window_in_block(s: Shape) -> bool:
    style = s.word("STYLE")
    if style != "auto":
        return style == "block"
    words, width = window_words(s), s.number("SIMD") * s.number("BITS")
    luts = (4 * ceil(width / 6) if words <= 32 else ceil(words / 64) * 4 * ceil(width / 3)) + (
        words + 63
    ) // 128 * width
    return luts > LUTS_A_BLOCK * window_blocks(s)


def second_window(s: Shape) -> Shape:
    """The hwf_swg inside hwf_swg_row."""
    values = dict(s.parameters)
    w, kw, stride = s.number("W"), s.number("KW"), s.number("STRIDE")
    columns = (w + s.number("PAD_L") + s.number("PAD_R") - kw) // stride + 1
    channels = kw * s.number("C")
    inner = {"C": channels, "SIMD": channels, "W": columns, "KW": 1, "STRIDE_X": 1, "PAD_L": 0, "PAD_R": 0}
    return Shape.of("hwf_swg", {**values, **inner, "DEPTHWISE": 0})


def fifo_blocks(s: Shape) -> int:
    """RAMB18 of hwf_fifo; 0 where it lies in LUTs."""
    style, width, depth = s.word("STYLE", "auto"), s.number("WIDTH"), s.number("DEPTH_BEATS")
    if depth == 1:
        return 0
    deep = bits_for(max(2, depth - 1))
    wide = next((w for d, w in RAMB18_SHAPES if 1 << deep <= d), 1)
    need = -(-width // wide) * (1 if deep <= 14 else 1 << (deep - 14))
    if style == "block" or (style == "auto" and fifo_luts(width, depth) - width - 8 > LUTS_A_BLOCK * need):
        return need
    return 0


def fifo_luts(width: int, depth: int) -> int:
    shifts = -(-depth // 32)
    shift = width * (shifts + (shifts - 1) // 4)
    return min(shift, ram_luts(depth, width) + (4 if depth <= 4 else 1))


def sum_in_block(s: Shape) -> bool:
    folds, width = channel_folds(s), s.number("PE") * s.number("OBITS")
    return s.word("STYLE", "auto") == "block" or (
        s.word("STYLE", "auto") == "auto" and folds > 128 and folds * width > 4096
    )


def whole_in_block(s: Shape) -> bool:
    """Whether the memory of hwf_column_window lies in block RAM."""
    return s.word("STYLE") == "block" or (s.word("STYLE") == "auto" and s.number("W") > 64)


def _whole_blocks(s: Shape) -> int:
    return blocks(s.number("W"), (s.number("KH") - 1) * s.number("C") * s.number("BITS")) if whole_in_block(s) else 0


def _binary_blocks(s: Shape) -> int:
    sf, nf = steps(s)
    weights = blocks(sf * nf, s.number("PE") * s.number("SIMD")) if s.word("WSTYLE") == "block" else 0
    return weights + replay_blocks(s, s.number("SIMD") * s.number("ABITS"))


def _int_blocks(s: Shape) -> int:
    sf, nf = steps(s)
    width = s.number("PE") * s.number("WBITS")
    weights = s.number("SIMD") * blocks(sf * nf, width) if s.word("WSTYLE") == "block" else 0
    return weights + replay_blocks(s, s.number("SIMD") * s.number("ABITS"))


def _search_blocks(s: Shape) -> int:
    words = channel_folds(s) * 2 ** bits_for(s.number("STEPS") + 1)
    return s.number("PE") * blocks(words, s.number("IBITS") + 1) if s.word("STYLE") == "block" else 0


def _table_blocks(s: Shape) -> int:
    words = channel_folds(s) * 2 ** s.number("IBITS")
    return s.number("PE") * blocks(words, s.number("OBITS")) if s.word("STYLE") == "block" else 0


def _line_blocks(s: Shape) -> int:
    return blocks(channel_folds(s), s.number("PE") * line_word(s)) if s.word("STYLE") == "block" else 0


def _swg_blocks(s: Shape) -> int:
    if s.number("KH") == 1 and s.number("KW") == 1:
        return 0
    return window_blocks(s) if window_in_block(s) else 0


_BLOCKS: dict[str, Callable[[Shape], int]] = {
    "hwf_mvu_binary": _binary_blocks,
    "hwf_mvu_int": _int_blocks,
    "hwf_threshold": even_blocks,
    "hwf_threshold_search": _search_blocks,
    "hwf_table": _table_blocks,
    "hwf_line": _line_blocks,
    "hwf_swg": _swg_blocks,
    "hwf_swg_row": lambda s: _swg_blocks(second_window(s)),
    "hwf_swg_whole": _whole_blocks,
    "hwf_fifo": fifo_blocks,
    "hwf_accumulate": lambda s: blocks(channel_folds(s), s.number("PE") * s.number("OBITS")) if sum_in_block(s) else 0,
}
