# SPDX-License-Identifier: Apache-2.0
"""Counts of what a module is built of, from its parameters: LUT6 of tables, bits of adders, of memories, of registers.

LUTs and flip-flops are a sum of these, each times a factor that the measured points decide (`hwflow.costs.model`). The
rules are those of the modules' headers.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, log2

from hwflow.costs.memories import (
    bits_for,
    channel_folds,
    even_blocks,
    even_word,
    fifo_blocks,
    fifo_luts,
    line_word,
    ram_luts,
    replay_blocks,
    second_window,
    steps,
    sum_in_block,
    whole_in_block,
    window_in_block,
    window_words,
)  # fmt: skip
from hwflow.costs.shapes import Shape

Features = dict[str, float]


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


def features(shape: Shape) -> Features:
    """What `shape` is built of. "1" is there in all: what a module takes whatever its size."""
    found = _MODULES.get(shape.module)
    return {"1": 1.0, **(found(shape) if found else {})}


# ---- matrix units ------------------------------------------------------------------------------------------------------


def _replay(s: Shape, width: int) -> Features:
    sf, nf = steps(s)
    memory = nf > 1 and sf > 1  # a whole vector a beat waits in a register
    return {
        "steps": bits_for(sf * nf) + bits_for(sf),
        "word": float(width),
        "sets": float(ram_luts(2 * sf, width)) if memory and not replay_blocks(s, width) else 0.0,
        "replayed": float(memory),
        "held": float(width) if nf > 1 and sf == 1 else 0.0,
    }


def _mvu_binary(s: Shape) -> Features:
    sf, nf = steps(s)
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
    sf, nf = steps(s)
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


def _even(s: Shape) -> Features:
    pe, folds, bits, frac = s.number("PE"), channel_folds(s), s.number("IBITS"), s.number("FRAC")
    stages = bits_for(s.number("STEPS") + 1)
    return {
        "even_sums": float(pe * (stages * (bits + 1) + (stages - 1) * frac)),
        "even_words": float(pe * even_word(s) * max(1, table_luts(folds))) if not even_blocks(s) else 0.0,
        "even_bent": float(pe * bits * s.number("BENT")),
        "outputs": float(pe * stages),
        "folds": float(bits_for(folds) * stages) if folds > 1 else 0.0,
    }


def _threshold(s: Shape) -> Features:
    if s.number("EVEN"):
        return _even(s)
    stages = bits_for(s.number("STEPS") + 1)
    pe, folds, bits = s.number("PE"), channel_folds(s), s.number("IBITS")
    return {
        "comparisons": float(pe * sum(compare_luts(bits, folds * 2**stage) for stage in range(stages))),
        "values": float(pe * bits * (stages - 1)),
        "outputs": float(pe * stages),
        "folds": float(bits_for(folds) * stages) if folds > 1 else 0.0,
    }


def _threshold_search(s: Shape) -> Features:
    levels = bits_for(s.number("STEPS") + 1)
    pe, bits = s.number("PE"), s.number("IBITS")
    words = channel_folds(s) * 2**levels
    return {
        "comparisons": float(pe * bits),
        "words": float(pe * (bits + 1) * table_luts(words)) if s.word("STYLE") == "lut" else 0.0,
        "levels": float(pe * levels),
        "folds": float(bits_for(channel_folds(s))),
    }


def _affine(s: Shape) -> Features:
    pe, folds, line = s.number("PE"), channel_folds(s), s.number("MBITS") + s.number("ABITS")
    return {
        "knees": float(pe * compare_luts(s.number("IBITS"), folds)),
        "shifts": float(pe * (s.number("IBITS") + s.number("FRAC"))) if s.number("SHIFTS") else 0.0,
        "lines": float(pe * line * (table_luts(2 * folds) if folds > 1 else 1)),
        "outputs": float(pe * s.number("OBITS")),
        "channels": float(pe),
        "folds": float(bits_for(folds)) if folds > 1 else 0.0,
    }


def _line(s: Shape) -> Features:
    pe, folds = s.number("PE"), channel_folds(s)
    lut = s.word("STYLE") == "lut" and folds > 1
    return {
        "lines": float(pe * line_word(s) * table_luts(folds)) if lut else 0.0,
        "knees": float(pe * (s.number("IBITS") + s.number("MBITS") + s.number("ABITS"))) if s.number("KNEE") else 0.0,
        "outputs": float(pe * s.number("OBITS")),
        "channels": float(pe),
        "folds": float(bits_for(folds)) if folds > 1 else 0.0,
    }


def _table(s: Shape) -> Features:
    words = channel_folds(s) * 2 ** s.number("IBITS")
    lut = s.word("STYLE") == "lut"
    return {
        "words": float(s.number("PE") * s.number("OBITS") * table_luts(words)) if lut else 0.0,
        "outputs": float(s.number("PE") * s.number("OBITS")),
        "folds": float(bits_for(channel_folds(s))),
    }


# ---- streams -----------------------------------------------------------------------------------------------------------


def _window(s: Shape) -> Features:
    width = s.number("SIMD") * s.number("BITS")
    if s.number("KH") == 1 and s.number("KW") == 1:
        sizes = bits_for(s.number("H")) + bits_for(s.number("W"))
        return {"filter": 1.0, "filter_counters": float(sizes), "filter_word": float(width)}
    words = window_words(s)
    return {
        "memory": 0.0 if window_in_block(s) else float(ram_luts(words, width)),
        "address": float(bits_for(words)),
        "counters": float(sum(bits_for(s.number(n)) for n in ("H", "W", "KH", "KW"))),
        "folds": float(bits_for(s.number("C") // s.number("SIMD"))),
        "depthwise": float(s.number("DEPTHWISE")),
        "word": float(width),
    }


def _window_row(s: Shape) -> Features:
    inner = _window(second_window(s))
    return {**inner, "shifted": float(s.number("KW") * s.number("C") * s.number("BITS"))}


def _window_whole(s: Shape) -> Features:
    width = s.number("C") * s.number("BITS")
    kept = (s.number("KH") - 1) * width
    return {
        "memory": 0.0 if whole_in_block(s) else float(ram_luts(s.number("W"), kept)),
        "counters": float(bits_for(s.number("H")) + 2 * bits_for(s.number("W"))),
        "shifted": float(s.number("KH") * s.number("KW") * width),
        "column": float(s.number("KH") * width),
    }


def _fifo(s: Shape) -> Features:
    width, depth = s.number("WIDTH"), s.number("DEPTH_BEATS")
    if depth == 1:
        return {"single": 1.0, "register": float(width)}
    if fifo_blocks(s):
        return {"block": 1.0, "block_word": float(width), "block_address": float(bits_for(depth))}
    memory = float(fifo_luts(width, depth))
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


def _accumulate(s: Shape) -> Features:
    width, folds = s.number("PE") * s.number("OBITS"), channel_folds(s)
    memory = 0.0 if folds == 1 or sum_in_block(s) else float(ram_luts(folds, width))
    return {"sums": float(width), "memory": memory, "counters": float(bits_for(folds) + bits_for(s.number("PIXELS")))}


def _top1(s: Shape) -> Features:
    return {**_word(s), "index": float(s.number("PE") * s.number("OBITS")), "folds": float(bits_for(channel_folds(s)))}


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
