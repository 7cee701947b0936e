# SPDX-License-Identifier: Apache-2.0
"""What a set of images holds: a few facts about every file, and a table of them in plain text."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from hwflow.data.folder import ImageSet
from hwflow.data.images import open_mask
from hwflow.data.known import known_set


@dataclass(frozen=True)
class FileFacts:
    """An image's size (width, height), its mask's file, and whether that shows a defect; None where it has no mask.

    The mask counts at its own size, since a speck may vanish in a smaller one.
    """

    size: tuple[int, int]
    mask: Path | None
    defect: bool | None


def read_facts(paths: Sequence[Path], masks: Sequence[Path | None]) -> list[FileFacts]:
    """The facts of each image, of which `masks` holds the mask's file or None; raises as `open_mask`."""
    facts = []
    for path, mask in zip(paths, masks, strict=True):
        with Image.open(path) as image:
            size = image.size
        defect = None if mask is None else open_mask(mask, path, size).getbbox() is not None
        facts.append(FileFacts(size, mask, defect))
    return facts


def summarise(images: ImageSet, facts: Sequence[FileFacts]) -> str:
    """A table, one line a class: images, how many its authors publish, groups, sizes, masks that show a defect.

    A column without content is left out.
    """
    known = known_set(images.classes)
    table = [["class", "images", "published", "groups", "width x height", "with a defect"]]
    for label, name in enumerate(images.classes):
        members = (images.labels == label).nonzero().flatten().tolist()
        widths, heights = zip(*(facts[i].size for i in members), strict=True)
        masked = [facts[i].defect for i in members if facts[i].defect is not None]
        table.append(
            [
                name,
                str(len(members)),
                "" if known is None else str(known.counts[name]),
                str(len(set(images.groups[members].tolist()))),
                f"{_range(widths)} x {_range(heights)}",
                str(sum(map(bool, masked))) if masked else "",
            ]
        )
    columns = [list(column) for column in zip(*table, strict=True) if any(column[1:])]
    padded = [[cell.rjust(max(map(len, column))) for cell in column] for column in columns]
    padded[0] = [cell.ljust(max(map(len, columns[0]))) for cell in columns[0]]
    return "".join("  ".join(line).rstrip() + "\n" for line in zip(*padded, strict=True))


def _range(values: Sequence[int]) -> str:
    return str(min(values)) if min(values) == max(values) else f"{min(values)}..{max(values)}"
