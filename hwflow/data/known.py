# SPDX-License-Identifier: Apache-2.0
"""What is known of the published sets: classes, counts, and how their authors name files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

NEU_CODES = {
    "Cr": "crazing",
    "In": "inclusion",
    "Pa": "patches",
    "PS": "pitted_surface",
    "RS": "rolled-in_scale",
    "Sc": "scratches",
}
"""The NEU database calls its files CODE_NUMBER, all in one folder."""

_NEU_NAME = re.compile(rf"({'|'.join(NEU_CODES)})_\d+")
_TILE_NAME = re.compile(r"exp\d+_num_(\d+)")
TILE_GAP = 300
"""Magnetic Tile: photographs of one tile area follow each other by at most this much in their number."""


@dataclass(frozen=True)
class KnownSet:
    """A published set: its title, where it can be got, and the number of images of each class."""

    title: str
    source: str
    counts: dict[str, int]


KNOWN_SETS = (
    KnownSet(
        "Magnetic Tile",
        "github.com/abin24/Magnetic-tile-defect-datasets.",
        {"MT_Blowhole": 115, "MT_Break": 85, "MT_Crack": 57, "MT_Fray": 32, "MT_Free": 952, "MT_Uneven": 103},
    ),
    KnownSet(
        "NEU-CLS",
        "github.com/abin24/Surface-Inspection-defect-detection-dataset",
        dict.fromkeys(NEU_CODES.values(), 300),
    ),
    KnownSet("NEU patches", "github.com/SongGuorong/MCITF", {"patches": 300}),
    KnownSet(
        "SD-saliency-900", "github.com/SongGuorong/MCITF", dict.fromkeys(("inclusion", "patches", "scratches"), 300)
    ),
)


def where_to_get() -> str:
    """A phrase for messages: each set, and the repository that holds it."""
    return ", ".join(f"{known.title} ({known.source})" for known in KNOWN_SETS)


def known_set(classes: Sequence[str]) -> KnownSet | None:
    """The published set that has exactly these classes, if any."""
    return next((known for known in KNOWN_SETS if set(known.counts) == set(classes)), None)


def neu_class(stem: str) -> str | None:
    """The class that the NEU authors' name of a file says (Pa_17: patches), or None for another kind of name."""
    found = _NEU_NAME.fullmatch(stem)
    return None if found is None else NEU_CODES[found[1]]


def tile_groups(stems: Sequence[str]) -> list[str] | None:
    """Which photographs show one tile area, by the authors' names of Magnetic Tile files; None for other names.

    exp5_num_1234 is photograph 1234 at exposure 5. One area was taken at about six exposures in a row, so numbers that
    follow each other by at most `TILE_GAP`, over all classes, get one group. Areas photographed again much later are
    not found by this; a MANIFEST.tsv can say so.
    """
    matches = [_TILE_NAME.fullmatch(stem) for stem in stems]
    numbers = [int(match[1]) for match in matches if match is not None]
    if len(numbers) < len(stems) or not stems:
        return None
    group_of: dict[int, str] = {}
    first = before = min(numbers)
    for number in sorted(set(numbers)):
        if number - before > TILE_GAP:
            first = number
        group_of[number] = f"num_{first}"
        before = number
    return [group_of[number] for number in numbers]
