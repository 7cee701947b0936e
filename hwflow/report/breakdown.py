# SPDX-License-Identifier: Apache-2.0
"""Geometry of the picture "where the resources go": for each resource a bar by kind of operator, and one a block.

Bars of blocks share one scale, so that their lengths compare; they are split into the kinds by colour.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hwflow.report.findings import RESOURCES
from hwflow.report.kinds import KINDS, kind_of
from hwflow.report.numbers import count, percent
from hwflow.report.schema import Layer, Report, group_of

DRAWN = ("lut", "bram36", "uram", "dsp")
WIDTH = 400.0
LEFT, RIGHT = 94.0, 108.0
STRIP_HEIGHT, BAR_HEIGHT, PITCH = 22.0, 15.0, 23.0
STRIP_GAP = 16.0
LABEL_CHARACTERS = 14
# Room for a percentage inside a piece of the strip.
WORDS_WIDTH = 48.0
MOST_ROWS = 24


@dataclass(frozen=True)
class Piece:
    """What one kind of operator takes; `words` is empty where it has no room."""

    x: float
    width: float
    kind: str
    words: str
    tip: str


@dataclass(frozen=True)
class Row:
    """One block: its name, its bar, and what it takes, in words behind the bar."""

    label: str
    y: float
    pieces: tuple[Piece, ...]
    end: float
    words: str


@dataclass(frozen=True)
class Panel:
    """One resource; the strip is the whole, the rows are the blocks."""

    label: str
    total: float
    strip: tuple[Piece, ...]
    rows: tuple[Row, ...]
    height: float
    width: float = WIDTH
    left: float = LEFT
    strip_height: float = STRIP_HEIGHT
    bar_height: float = BAR_HEIGHT


@dataclass(frozen=True)
class _Share:
    """What the nodes of one kind take in one block."""

    kind: str
    words: str
    nodes: int
    used: float


def draw_breakdown(report: Report) -> tuple[Panel, ...]:
    """A panel for each resource that the design's nodes take; none without nodes."""
    groups = _groups(report.layers)
    panels = []
    for key in DRAWN:
        total = sum(getattr(layer, key) for layer in report.layers)
        if total:
            panels.append(_panel(key, total, groups))
    return tuple(panels)


def _groups(layers: Sequence[Layer]) -> dict[str, list[Layer]]:
    """Layers by block in pipeline order; of more blocks than a picture takes, the last ones together."""
    groups: dict[str, list[Layer]] = {}
    for layer in layers:
        groups.setdefault(group_of(layer), []).append(layer)
    if len(groups) <= MOST_ROWS:
        return groups
    titles = list(groups)
    kept = {title: groups[title] for title in titles[: MOST_ROWS - 1]}
    rest = titles[MOST_ROWS - 1 :]
    return {**kept, f"{len(rest)} more": [layer for title in rest for layer in groups[title]]}


def _panel(key: str, total: float, groups: dict[str, list[Layer]]) -> Panel:
    label = RESOURCES[key]
    everything = _shares([layer for members in groups.values() for layer in members], key)
    split = {title: _shares(members, key) for title, members in groups.items()}
    most = max(sum(share.used for share in shares) for shares in split.values())
    rows = []
    top = STRIP_HEIGHT + STRIP_GAP
    for index, (title, shares) in enumerate(split.items()):
        used = sum(share.used for share in shares)
        room = WIDTH - LEFT - RIGHT
        rows.append(
            Row(
                label=title if len(title) <= LABEL_CHARACTERS else f"…{title[1 - LABEL_CHARACTERS :]}",
                y=round(top + index * PITCH, 2),
                pieces=tuple(_pieces(shares, total, room / most, LEFT, f"{title}, {label}", named=False)),
                end=round(LEFT + room * used / most, 2),
                words=f"{count(used)}, {percent(used / total)}" if used else "0",
            )
        )
    return Panel(
        label=label,
        total=total,
        strip=tuple(_pieces(everything, total, WIDTH / total, 0.0, f"all blocks, {label}", named=True)),
        rows=tuple(rows),
        height=top + len(rows) * PITCH,
    )


def _shares(layers: Sequence[Layer], key: str) -> list[_Share]:
    found = []
    for kind, words, _ in KINDS:
        members = [layer for layer in layers if kind_of(layer.op) == kind]
        used = sum(getattr(layer, key) for layer in members)
        if used:
            found.append(_Share(kind, words, len(members), used))
    return found


def _pieces(
    shares: Sequence[_Share], total: float, scale: float, x: float, title: str, *, named: bool
) -> Iterator[Piece]:
    for share in shares:
        width = share.used * scale
        part = percent(share.used / total)
        yield Piece(
            x=round(x, 2),
            width=round(width, 2),
            kind=share.kind,
            words=part if named and width >= WORDS_WIDTH else "",
            tip=f"{title}\n{share.words}\t{count(share.used)}\nof the whole design\t{part}\nnodes\t{count(share.nodes)}",
        )
        x += width
