# SPDX-License-Identifier: Apache-2.0
"""What a set of images holds: a few facts about every file, and a table of them in plain text."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from hwflow.data.contrast import Contrast, contrast, signal_to_noise
from hwflow.data.folder import ImageSet
from hwflow.data.images import open_image, open_mask
from hwflow.data.known import known_set


@dataclass(frozen=True)
class FileFacts:
    """An image's size (width, height), its mask's file, and whether that shows a defect; None where it has no mask.
    `contrast` is None besides where there is no defect or no background.

    The mask counts at its own size, since a speck may vanish in a smaller one.
    """

    size: tuple[int, int]
    mask: Path | None
    defect: bool | None
    contrast: Contrast | None = None


def read_facts(paths: Sequence[Path], masks: Sequence[Path | None]) -> list[FileFacts]:
    """The facts of each image, of which `masks` holds the mask's file or None; raises as `open_image` and `open_mask`."""
    facts = []
    for path, mask in zip(paths, masks, strict=True):
        if mask is None:
            with Image.open(path) as image:
                facts.append(FileFacts(image.size, None, None))
            continue
        grey = open_image(path, 1)
        drawn = np.asarray(open_mask(mask, path, grey.size)) > 0
        facts.append(FileFacts(grey.size, mask, bool(drawn.any()), contrast(np.asarray(grey), drawn)))
    return facts


def summarise(images: ImageSet, facts: Sequence[FileFacts]) -> str:
    """A table, one line a class: images, how many its authors publish, groups, sizes, masks that show a defect, and
    the signal-to-noise ratio of those images.

    A column without content is left out.
    """
    known = known_set(images.classes)
    table = [["class", "images", "published", "groups", "width x height", "with a defect", "SNR"]]
    for label, name in enumerate(images.classes):
        members = (images.labels == label).nonzero().flatten().tolist()
        widths, heights = zip(*(facts[i].size for i in members), strict=True)
        ratio = signal_to_noise([found for i in members if (found := facts[i].contrast) is not None])
        masked = [facts[i].defect for i in members if facts[i].defect is not None]
        table.append(
            [
                name,
                str(len(members)),
                "" if known is None else str(known.counts[name]),
                str(len(set(images.groups[members].tolist()))),
                f"{_range(widths)} x {_range(heights)}",
                str(sum(map(bool, masked))) if masked else "",
                "" if ratio is None else f"{ratio:z.1f} dB",
            ]
        )
    columns = [list(column) for column in zip(*table, strict=True) if any(column[1:])]
    padded = [[cell.rjust(max(map(len, column))) for cell in column] for column in columns]
    padded[0] = [cell.ljust(max(map(len, columns[0]))) for cell in columns[0]]
    return "".join("  ".join(line).rstrip() + "\n" for line in zip(*padded, strict=True))


def _range(values: Sequence[int]) -> str:
    return str(min(values)) if min(values) == max(values) else f"{min(values)}..{max(values)}"
