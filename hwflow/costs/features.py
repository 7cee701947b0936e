# SPDX-License-Identifier: Apache-2.0
"""Counts of what a module is built of, from its parameters: LUT6 of tables, bits of adders, of memories, of registers.

A cost is a sum of these, each times a factor that the measured points decide (`hwflow.costs.model`). The rules are those
of the modules' headers; block RAMs and DSP slices follow from them without a factor.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, log2

from hwflow.costs.shapes import Shape

Features = dict[str, float]

RAMB18_SHAPES = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))


def bits_for(count: int) -> int:
    """Bits of an index of `count` things, at least 1."""
    return max(1, ceil(log2(count))) if count > 1 else 1


def blocks(words: int, width: int) -> int:
    """Block RAMs of 18 kbit (a 7-series RAMB18) that hold `words` of `width` bits: the shape that needs the fewest."""
    return min(-(-words // deep) * -(-width // wide) for deep, wide in RAMB18_SHAPES)


def table_luts(depth: int) -> int:
    """LUT6 of one bit of an explicit table (hwf_lookup)."""
    if depth <= 1:
        return 0
    luts = -(-depth // 64)
    whole, left = divmod(luts, 4)
    groups = whole + (1 if left else 0)
    return 4 * whole + (4 if left == 3 else left) + (-(-groups // 4) if groups > 1 else 0)


def compare_luts(bits: int, depth: int) -> int:
    """LUT6 of a comparison of `bits` with a word of a table (hwf_at_least)."""
    if depth > 32:
        return bits * (1 + table_luts(depth))
    used = bits_for(depth) if depth > 1 else 0
    return bits if used > 3 else max(1, ceil((bits - 1) / (5 - used)))


def ram_luts(words: int, width: int) -> int:
    """LUTs of a distributed memory with one port of each kind (RAM32M, RAM64M and multiplexers)."""
    if words <= 32:
        return 4 * ceil(width / 6)
    banks = ceil(words / 64)
    return banks * 4 * ceil(width / 3) + (width * ceil(banks / 4) + 2 * banks if banks > 1 else 0)


def features(shape: Shape) -> Features:
    """What `shape` is built of. "1" is there in all: what a module takes whatever its size."""
    found = _MODULES.get(shape.module)
    return {"1": 1.0, **(found(shape) if found else {})}


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


# ---- matrix units ------------------------------------------------------------------------------------------------------


def _steps(s: Shape) -> tuple[int, int]:
    return s.number("MW") // s.number("SIMD"), s.number("MH") // s.number("PE")


def _replay(s: Shape, width: int) -> Features:
    sf, nf = _steps(s)
    memory = nf > 1 and sf > 1  # a whole vector a beat waits in a register
    return {
        "steps": bits_for(sf * nf) + bits_for(sf),
        "word": float(width),
        "sets": float(ram_luts(2 * sf, width)) if memory and not _replay_blocks(s, width) else 0.0,
        "replayed": float(memory),
        "held": float(width) if nf > 1 and sf == 1 else 0.0,
    }


def _replay_blocks(s: Shape, width: int) -> int:
    """RAMB18 of the memory of two input vectors, 0 where it is in LUTs (hwf_replay)."""
    sf, nf = _steps(s)
    if nf == 1 or sf == 1:
        return 0
    address = 1 + bits_for(sf)
    luts = 4 * ceil(width / 6) if address <= 5 else ceil(2**address / 64) * 4 * ceil(width / 3)
    wide = next((w for d, w in RAMB18_SHAPES if 1 << address <= d), 1)
    need = -(-width // wide)
    return need if luts > 100 * need else 0


def _mvu_binary(s: Shape) -> Features:
    sf, nf = _steps(s)
    pe, simd, planes = s.number("PE"), s.number("SIMD"), s.number("ABITS")
    largest = 2**planes - 1
    accumulator = ceil(log2(s.number("MW") * largest + 1)) + 1 if s.number("THRESHOLD") else s.number("OBITS")
    return {
        **_replay(s, simd * planes),
        "agreements": float(pe * simd * planes),
        "counters": float(pe * planes),
        "rows": float(pe * accumulator),
        "starts": float(pe * accumulator * (table_luts(nf) if nf > 8 else 0)),
        "weights": float(pe * simd * table_luts(sf * nf)) if s.word("WSTYLE") == "lut" else 0.0,
        "constant": float(pe * simd) if sf * nf == 1 else 0.0,
    }


def _mvu_int(s: Shape) -> Features:
    sf, nf = _steps(s)
    pe, simd = s.number("PE"), s.number("SIMD")
    product = s.number("ABITS") * s.number("WBITS")
    lut = s.word("MULTIPLIER", "dsp") == "lut"
    return {
        **_replay(s, simd * s.number("ABITS")),
        "delays": float(simd * (s.number("ABITS") + bits_for(sf * nf))),
        "columns": float(simd),
        "rows": float(pe * s.number("OBITS")),
        "weights": float(pe * simd * s.number("WBITS") * table_luts(sf * nf)) if s.word("WSTYLE") == "lut" else 0.0,
        "products": float(pe * simd * product) if lut else 0.0,
        "product_sums": float(pe * simd * (s.number("ABITS") + s.number("WBITS") + bits_for(simd))) if lut else 0.0,
        "sums": float(pe * simd * (s.number("ABITS") + s.number("WBITS"))),
    }


# ---- functions of a channel --------------------------------------------------------------------------------------------


def _folds(s: Shape) -> int:
    return s.number("C") // s.number("PE")


def _even(s: Shape) -> Features:
    pe, folds, bits, frac = s.number("PE"), _folds(s), s.number("IBITS"), s.number("FRAC")
    stages = bits_for(s.number("STEPS") + 1)
    word = bits + 1 + frac + s.number("DBITS") * (1 + s.number("BENT")) + s.number("JBITS") * s.number("BENT")
    return {
        "even_sums": float(pe * (stages * (bits + 1) + (stages - 1) * frac)),
        "even_words": float(pe * word * max(1, table_luts(folds))) if not _even_block(s) else 0.0,
        "even_bent": float(pe * bits * s.number("BENT")),
        "outputs": float(pe * stages),
        "folds": float(bits_for(folds) * stages) if folds > 1 else 0.0,
    }


def _even_block(s: Shape) -> int:
    """RAMB18 of the memory of centers and distances, 0 where it is in LUTs."""
    folds = _folds(s)
    word = s.number("IBITS") + 1 + s.number("FRAC") + s.number("DBITS") * (1 + s.number("BENT")) + (
        s.number("JBITS") if s.number("BENT") else 0
    )  # fmt: skip
    need = blocks(folds, s.number("PE") * word)
    return need if s.number("EVEN") and folds > 32 and -(-folds // 64) * s.number("PE") * word > 100 * need else 0


def _threshold(s: Shape) -> Features:
    if s.number("EVEN"):
        return _even(s)
    stages = bits_for(s.number("STEPS") + 1)
    pe, folds, bits = s.number("PE"), _folds(s), s.number("IBITS")
    return {
        "comparisons": float(pe * sum(compare_luts(bits, folds * 2**stage) for stage in range(stages))),
        "values": float(pe * bits * (stages - 1)),
        "outputs": float(pe * stages),
        "folds": float(bits_for(folds) * stages) if folds > 1 else 0.0,
    }


def _threshold_search(s: Shape) -> Features:
    levels = bits_for(s.number("STEPS") + 1)
    pe, bits = s.number("PE"), s.number("IBITS")
    words = _folds(s) * 2**levels
    return {
        "comparisons": float(pe * bits),
        "words": float(pe * (bits + 1) * table_luts(words)) if s.word("STYLE") == "lut" else 0.0,
        "levels": float(pe * levels),
        "folds": float(bits_for(_folds(s))),
    }


def _affine(s: Shape) -> Features:
    pe, folds, line = s.number("PE"), _folds(s), s.number("MBITS") + s.number("ABITS")
    return {
        "knees": float(pe * compare_luts(s.number("IBITS"), folds)),
        "shifts": float(pe * (s.number("IBITS") + s.number("FRAC"))) if s.number("SHIFTS") else 0.0,
        "lines": float(pe * line * (table_luts(2 * folds) if folds > 1 else 1)),
        "outputs": float(pe * s.number("OBITS")),
        "channels": float(pe),
        "folds": float(bits_for(folds)) if folds > 1 else 0.0,
    }


def _line_word(s: Shape) -> int:
    line = s.number("MBITS") + s.number("ABITS")
    return s.number("IBITS") + 1 + 2 * line if s.number("KNEE") else line


def _line(s: Shape) -> Features:
    pe, folds = s.number("PE"), _folds(s)
    lut = s.word("STYLE") == "lut" and folds > 1
    return {
        "lines": float(pe * _line_word(s) * table_luts(folds)) if lut else 0.0,
        "knees": float(pe * (s.number("IBITS") + s.number("MBITS") + s.number("ABITS"))) if s.number("KNEE") else 0.0,
        "outputs": float(pe * s.number("OBITS")),
        "channels": float(pe),
        "folds": float(bits_for(folds)) if folds > 1 else 0.0,
    }


def _table(s: Shape) -> Features:
    words = _folds(s) * 2 ** s.number("IBITS")
    lut = s.word("STYLE") == "lut"
    return {
        "words": float(s.number("PE") * s.number("OBITS") * table_luts(words)) if lut else 0.0,
        "outputs": float(s.number("PE") * s.number("OBITS")),
        "folds": float(bits_for(_folds(s))),
    }


# ---- streams -----------------------------------------------------------------------------------------------------------


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


def _window_blocks(s: Shape) -> int:
    """RAMB18 of the memory where it lies in block RAM."""
    words, width = window_words(s), s.number("SIMD") * s.number("BITS")
    return next((-(-width // wide) for deep, wide in RAMB18_SHAPES if words <= deep), -(-words // 16384) * width)


def _in_block(s: Shape) -> bool:
    style = s.word("STYLE")
    if style != "auto":
        return style == "block"
    words, width = window_words(s), s.number("SIMD") * s.number("BITS")
    luts = (4 * ceil(width / 6) if words <= 32 else ceil(words / 64) * 4 * ceil(width / 3)) + (
        words + 63
    ) // 128 * width
    return luts > 100 * _window_blocks(s)


def _window(s: Shape) -> Features:
    width = s.number("SIMD") * s.number("BITS")
    if s.number("KH") == 1 and s.number("KW") == 1:
        sizes = bits_for(s.number("H")) + bits_for(s.number("W"))
        return {"filter": 1.0, "filter_counters": float(sizes), "filter_word": float(width)}
    words = window_words(s)
    return {
        "memory": 0.0 if _in_block(s) else float(ram_luts(words, width)),
        "address": float(bits_for(words)),
        "counters": float(sum(bits_for(s.number(n)) for n in ("H", "W", "KH", "KW"))),
        "folds": float(bits_for(s.number("C") // s.number("SIMD"))),
        "depthwise": float(s.number("DEPTHWISE")),
        "word": float(width),
    }


def _second(s: Shape) -> Shape:
    """The hwf_swg inside hwf_swg_row."""
    values = dict(s.parameters)
    w, kw, stride = s.number("W"), s.number("KW"), s.number("STRIDE")
    columns = (w + s.number("PAD_L") + s.number("PAD_R") - kw) // stride + 1
    channels = kw * s.number("C")
    inner = {"C": channels, "SIMD": channels, "W": columns, "KW": 1, "STRIDE_X": 1, "PAD_L": 0, "PAD_R": 0}
    return Shape.of("hwf_swg", {**values, **inner, "DEPTHWISE": 0})


def _window_row(s: Shape) -> Features:
    inner = _window(_second(s))
    return {**inner, "shifted": float(s.number("KW") * s.number("C") * s.number("BITS"))}


def _window_whole(s: Shape) -> Features:
    width = s.number("C") * s.number("BITS")
    kept = (s.number("KH") - 1) * width
    lut = s.word("STYLE") == "lut" or (s.word("STYLE") == "auto" and s.number("W") <= 64)
    return {
        "memory": float(ram_luts(s.number("W"), kept)) if lut else 0.0,
        "counters": float(bits_for(s.number("H")) + 2 * bits_for(s.number("W"))),
        "shifted": float(s.number("KH") * s.number("KW") * width),
        "column": float(s.number("KH") * width),
    }


def fifo_blocks(s: Shape) -> int:
    """RAMB18 of hwf_fifo; 0 where it lies in LUTs."""
    style, width, depth = s.word("STYLE", "auto"), s.number("WIDTH"), s.number("DEPTH_BEATS")
    if depth == 1:
        return 0
    deep = bits_for(max(2, depth - 1))
    wide = next((w for d, w in RAMB18_SHAPES if 1 << deep <= d), 1)
    need = -(-width // wide) * (1 if deep <= 14 else 1 << (deep - 14))
    if style == "block" or (style == "auto" and _fifo_luts(width, depth) - width - 8 > 100 * need):
        return need
    return 0


def _fifo_luts(width: int, depth: int) -> int:
    shifts = -(-depth // 32)
    shift = width * (shifts + (shifts - 1) // 4)
    return min(shift, ram_luts(depth, width) + (4 if depth <= 4 else 1))


def _fifo(s: Shape) -> Features:
    width, depth = s.number("WIDTH"), s.number("DEPTH_BEATS")
    if depth == 1:
        return {"single": 1.0, "register": float(width)}
    if fifo_blocks(s):
        return {"block": 1.0, "block_word": float(width), "block_address": float(bits_for(depth))}
    memory = float(_fifo_luts(width, depth))
    return {"memory": memory, "pair": float(depth == 2), "address": float(bits_for(depth)) if depth > 2 else 0.0}


def _width(s: Shape) -> Features:
    wide_in, wide_out = s.number("IN_WIDTH"), s.number("OUT_WIDTH")
    if wide_in == wide_out:
        return {"wires": 1.0}
    parts = max(wide_in, wide_out) // min(wide_in, wide_out)
    if wide_in > wide_out:
        mux = ceil(parts / 4) + ceil(parts / 16) - 1  # LUT6 of four inputs, MUXF7 and MUXF8 for four of them
        return {"narrow_mux": float(wide_out * mux), "narrow": 1.0, "narrow_in": float(wide_in)}
    return {"widen": 1.0, "widen_out": float(wide_out), "parts": float(bits_for(parts))}


def _fork(s: Shape) -> Features:
    return {"copies": float(s.number("COPIES")), "word": float(s.number("WIDTH"))}


def _add(s: Shape) -> Features:
    wide = max(s.number("IBITS0"), s.number("IBITS1"))
    return {"sums": float(s.number("PE") * wide), "outputs": float(s.number("PE") * s.number("OBITS"))}


def _parts(s: Shape) -> Features:
    folds = max(1, (s.number("C0") + s.number("C1")) // s.number("PE"))
    return {"word": float(s.number("PE") * s.number("BITS")), "folds": float(bits_for(folds))}


def _word(s: Shape) -> Features:
    return {"word": float(s.number("PE") * s.number("BITS"))}


def _maximum(s: Shape) -> Features:
    return {**_word(s), "window": float(bits_for(s.number("WINDOW")))}


def _sum_in_block(s: Shape) -> bool:
    folds, width = _folds(s), s.number("PE") * s.number("OBITS")
    return s.word("STYLE", "auto") == "block" or (
        s.word("STYLE", "auto") == "auto" and folds > 128 and folds * width > 4096
    )


def _accumulate(s: Shape) -> Features:
    width, folds = s.number("PE") * s.number("OBITS"), _folds(s)
    memory = 0.0 if folds == 1 or _sum_in_block(s) else float(ram_luts(folds, width))
    return {"sums": float(width), "memory": memory, "counters": float(bits_for(folds) + bits_for(s.number("PIXELS")))}


def _top1(s: Shape) -> Features:
    return {**_word(s), "index": float(s.number("PE") * s.number("OBITS")), "folds": float(bits_for(_folds(s)))}


_MODULES: dict[str, Callable[[Shape], Features]] = {
    "hwf_mvu_binary": _mvu_binary,
    "hwf_mvu_int": _mvu_int,
    "hwf_threshold": _threshold,
    "hwf_threshold_search": _threshold_search,
    "hwf_affine": _affine,
    "hwf_line": _line,
    "hwf_table": _table,
    "hwf_swg": _window,
    "hwf_swg_row": _window_row,
    "hwf_swg_whole": _window_whole,
    "hwf_fifo": _fifo,
    "hwf_width": _width,
    "hwf_fork": _fork,
    "hwf_add": _add,
    "hwf_split": _parts,
    "hwf_concat": _parts,
    "hwf_interleave": _word,
    "hwf_max": _maximum,
    "hwf_signs": _word,
    "hwf_accumulate": _accumulate,
    "hwf_top1": _top1,
}


# ---- block RAMs --------------------------------------------------------------------------------------------------------


def _binary_blocks(s: Shape) -> int:
    sf, nf = _steps(s)
    weights = blocks(sf * nf, s.number("PE") * s.number("SIMD")) if s.word("WSTYLE") == "block" else 0
    return weights + _replay_blocks(s, s.number("SIMD") * s.number("ABITS"))


def _int_blocks(s: Shape) -> int:
    sf, nf = _steps(s)
    width = s.number("PE") * s.number("WBITS")
    weights = s.number("SIMD") * blocks(sf * nf, width) if s.word("WSTYLE") == "block" else 0
    return weights + _replay_blocks(s, s.number("SIMD") * s.number("ABITS"))


def _search_blocks(s: Shape) -> int:
    words = _folds(s) * 2 ** bits_for(s.number("STEPS") + 1)
    return s.number("PE") * blocks(words, s.number("IBITS") + 1) if s.word("STYLE") == "block" else 0


def _table_blocks(s: Shape) -> int:
    words = _folds(s) * 2 ** s.number("IBITS")
    return s.number("PE") * blocks(words, s.number("OBITS")) if s.word("STYLE") == "block" else 0


def _line_blocks(s: Shape) -> int:
    return blocks(_folds(s), s.number("PE") * _line_word(s)) if s.word("STYLE") == "block" else 0


def _swg_blocks(s: Shape) -> int:
    if s.number("KH") == 1 and s.number("KW") == 1:
        return 0
    return _window_blocks(s) if _in_block(s) else 0


def _whole_blocks(s: Shape) -> int:
    in_block = s.word("STYLE") == "block" or (s.word("STYLE") == "auto" and s.number("W") > 64)
    return blocks(s.number("W"), (s.number("KH") - 1) * s.number("C") * s.number("BITS")) if in_block else 0


_BLOCKS: dict[str, Callable[[Shape], int]] = {
    "hwf_mvu_binary": _binary_blocks,
    "hwf_mvu_int": _int_blocks,
    "hwf_threshold": _even_block,
    "hwf_threshold_search": _search_blocks,
    "hwf_table": _table_blocks,
    "hwf_line": _line_blocks,
    "hwf_swg": _swg_blocks,
    "hwf_swg_row": lambda s: _swg_blocks(_second(s)),
    "hwf_swg_whole": _whole_blocks,
    "hwf_fifo": fifo_blocks,
    "hwf_accumulate": lambda s: blocks(_folds(s), s.number("PE") * s.number("OBITS")) if _sum_in_block(s) else 0,
}
