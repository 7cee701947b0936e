# SPDX-License-Identifier: Apache-2.0
"""Geometry of the plot "cycles a frame, node by node", in pipeline order, with the target line and the bottleneck.

FIFOs are left out: they take as many cycles as beats pass, and a design has more of them than nodes that work.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from hwflow.report.kinds import is_fifo, kind_of, op_name
from hwflow.report.layout import leading
from hwflow.report.numbers import count, percent, ticks
from hwflow.report.schema import Layer, Report

WIDTH, HEIGHT = 1240.0, 330.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 12.0, 34.0, 34.0
# A target line far above all bars would flatten them; it is then told in words instead.
TARGET_HEADROOM = 3.0
CHARACTER_WIDTH = 6.6
BOLD_WIDTH = 8.0


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    kind: str
    slowest: bool
    tip: str


@dataclass(frozen=True)
class Band:
    """The nodes of one block; `label` is empty where it has no room."""

    x: float
    width: float
    label: str


@dataclass(frozen=True)
class Mark:
    """Words at x, y; `anchor` as SVG's text-anchor."""

    label: str
    y: float
    x: float = LEFT
    anchor: str = "end"


@dataclass(frozen=True)
class Chart:
    """`grid` and `target` also mark where their horizontal lines run."""

    bars: tuple[Bar, ...]
    bands: tuple[Band, ...]
    grid: tuple[Mark, ...]
    target: Mark | None
    bottleneck: Mark
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    top: float = TOP
    floor: float = HEIGHT - BOTTOM


def draw_cycles(report: Report) -> Chart | None:
    """The plot, or None where no node has cycles."""
    slowest = report.bottleneck
    if slowest is None:
        return None
    layers = [layer for layer in report.layers if not is_fifo(layer.op) or layer == slowest]
    place = layers.index(slowest)
    late = place > len(layers) / 2
    target = report.target_cycles
    if target is not None and target > slowest.cycles * TARGET_HEADROOM:
        target = None
    scale = ticks(max(slowest.cycles, target or 0) * 1.02)
    pitch = (WIDTH - LEFT - RIGHT) / len(layers)

    def y_of(cycles: float) -> float:
        return round(HEIGHT - BOTTOM - cycles / scale[-1] * (HEIGHT - BOTTOM - TOP), 2)

    groups = {node.name: node.group for node in report.graph.nodes}
    half = len(slowest.name) * BOLD_WIDTH / 2
    middle = min(max(LEFT + (place + 0.5) * pitch, LEFT + half), WIDTH - RIGHT - half)
    above = y_of(max(slowest.cycles, target or 0)) - 8
    return Chart(
        bars=tuple(_bars(layers, slowest, pitch, y_of)),
        bands=tuple(_bands(layers, groups, pitch)),
        grid=tuple(Mark(count(value), y_of(value)) for value in scale),
        # The target's words go to the end that the bottleneck's leave free.
        target=None
        if target is None
        else Mark(count(target), y_of(target), LEFT + 4 if late else WIDTH - RIGHT, "start" if late else "end"),
        bottleneck=Mark(slowest.name, round(above, 2), round(middle, 2), "middle"),
    )


def _bars(layers: Sequence[Layer], slowest: Layer, pitch: float, y_of: Callable[[float], float]) -> Iterator[Bar]:
    for index, layer in enumerate(layers):
        height = max(1.0, round(HEIGHT - BOTTOM - y_of(layer.cycles), 2))
        cycles, share = count(layer.cycles), percent(layer.cycles / slowest.cycles)
        yield Bar(
            x=round(LEFT + (index + 0.1) * pitch, 2),
            y=round(HEIGHT - BOTTOM - height, 2),
            width=round(pitch * 0.8, 2),
            height=height,
            kind=kind_of(layer.op),
            slowest=layer == slowest,
            tip=f"{layer.name}\nop\t{op_name(layer.op)}\ncycles a frame\t{cycles}\nof the slowest\t{share}",
        )


def _bands(layers: Sequence[Layer], groups: Mapping[str, str], pitch: float) -> list[Band]:
    titles = [groups.get(layer.name) or leading(layer.name) for layer in layers]
    bands, start = [], 0
    for title, run in groupby(titles):
        size = len(list(run))
        width = size * pitch
        fits = len(title) * CHARACTER_WIDTH <= width
        bands.append(Band(round(LEFT + start * pitch, 2), round(width, 2), title if fits else ""))
        start += size
    return bands
