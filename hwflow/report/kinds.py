# SPDX-License-Identifier: Apache-2.0
"""Ops sorted into the few kinds that a drawing tells apart by colour."""

from functools import cache

# Kind, what the legend calls it, and words in the names of its ops; the first kind that has a word of the name is it.
KINDS = (
    ("multiply", "multiply and accumulate", ("mvau", "mvu", "vvau", "matmul")),
    ("function", "thresholds and functions", ("threshold", "affine", "table")),
    ("window", "windows, pooling, sums", ("window", "inputgenerator", "pool", "max", "padding", "accumulate", "depth")),
    ("buffer", "FIFOs and width converters", ("fifo", "width", "dwc")),
    ("stream", "adds, forks, joins, ends", ("",)),
)


@cache
def kind_of(op: str) -> str:
    """The kind of an op; ops nobody listed count as "stream"."""
    return next(kind for kind, _, words in KINDS if any(word in op.lower() for word in words))


def op_name(op: str) -> str:
    """The op without the suffix that tells its backend."""
    return op.removesuffix("_rtl").removesuffix("_hls")


def is_fifo(op: str) -> bool:
    return "fifo" in op.lower()
