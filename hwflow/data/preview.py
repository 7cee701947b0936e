# SPDX-License-Identifier: Apache-2.0
"""A picture of a set of images: a row a class, some of its images, and one of them in the eight turns of training."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from hwflow.data.folder import ImageSet
from hwflow.data.images import open_image, open_mask, to_array, to_mask
from hwflow.data.known import known_set
from hwflow.data.layout import Sample
from hwflow.data.summary import FileFacts
from hwflow.data.turns import TURNS, turn
from hwflow.files import publish

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS = 150  # an inch
CELL = 1.5  # inches, a side of an image
GAP = 0.08
LABEL = 1.9
BLOCK_GAP = 0.25
TOP = 0.85
MARGIN = 0.15
OUTLINE = (255, 96, 0)
"""Orange, since every image is grey."""
TINT = 0.15
INK, FAINT = "#1c1c1c", "#6b6b6b"


@dataclass(frozen=True)
class Row:
    """A class of the picture: its name, a few words about it, and the samples to show."""

    name: str
    note: str
    samples: tuple[Sample, ...]


def choose_rows(images: ImageSet, facts: Sequence[FileFacts], count: int, seed: int) -> list[Row]:
    """`count` images of every class, drawn by `seed`; of a class with defects in its masks, only images that show one.

    Of a group only one is shown while there are others. `facts` are those of each image.
    """
    rows = []
    known = known_set(images.classes)
    for label, name in enumerate(images.classes):
        members = (images.labels == label).nonzero().flatten().tolist()
        empty = [i for i in members if facts[i].defect is False]
        candidates = [i for i in members if facts[i].defect is not False] or members
        generator = torch.Generator().manual_seed(seed * 1009 + label)
        order = [candidates[i] for i in torch.randperm(len(candidates), generator=generator).tolist()]
        first = list({int(images.groups[i]): i for i in reversed(order)}.values())[::-1]
        chosen = (first + [i for i in order if i not in first])[:count]
        groups = len(set(images.groups[members].tolist()))
        lines = [f"{len(members)} images" if known is None else f"{len(members)} of {known.counts[name]} published"]
        lines += [f"in {groups} group{'s' * (groups > 1)}"] if groups < len(members) else []
        lines += [f"{'all' if len(empty) == len(members) else len(empty)} without a defect"] if empty else []
        rows.append(Row(name, "\n".join(lines), tuple(Sample(images.paths[i], facts[i].mask) for i in chosen)))
    return rows


def draw_preview(rows: Sequence[Row], title: str, out: Path) -> None:
    """Write the picture as PNG; rows need a sample at least.

    Left the images as they are in the file, right the first of them as networks see it: square, and turned and flipped
    in eight ways. Defects of masks are outlined and tinted.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = max(len(row.samples) for row in rows)
    masked = any(sample.mask is not None for row in rows for sample in row.samples)
    width = LABEL + columns * (CELL + GAP) + BLOCK_GAP + 2 * CELL + GAP + MARGIN
    height = TOP + len(rows) * (CELL + GAP) + MARGIN
    figure = Figure(figsize=(width, height), dpi=DOTS, facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(MARGIN / width, 1 - 0.3 / height, title, fontsize=13, weight="bold", color=INK, va="center")
    turned_at = LABEL + columns * (CELL + GAP) + BLOCK_GAP
    above = 1 - (TOP - 0.13) / height
    outlined = ", defects outlined" if masked else ""
    figure.text(LABEL / width, above, f"images as they are{outlined}", fontsize=9, color=FAINT, va="center")
    figure.text(turned_at / width, above, "the first one, four turns and flipped", fontsize=9, color=FAINT, va="center")
    for number, row in enumerate(rows):
        top = TOP + number * (CELL + GAP)
        middle = 1 - (top + CELL / 2) / height
        figure.text(MARGIN / width, middle + 0.1 / height, row.name, fontsize=10, weight="bold", color=INK, va="bottom")
        figure.text(MARGIN / width, middle, row.note, fontsize=8, color=FAINT, va="top", linespacing=1.4)
        for column, sample in enumerate(row.samples):
            _place(figure, _whole(sample), LABEL + column * (CELL + GAP), top, CELL)
        # Four columns of two: a turn above, the same flipped below; half as large as the images.
        small = (2 * CELL + GAP - 3 * GAP / 2) / 4
        inset = (CELL - 2 * small - GAP / 2) / 2
        for index, pixels in enumerate(_turned(row.samples[0])):
            column, line = index % 4, index // 4
            left = turned_at + column * (small + GAP / 2)
            _place(figure, pixels, left, top + inset + line * (small + GAP / 2), small)
    publish(out, lambda beside: figure.savefig(beside, format="png"))


def _place(figure: "Figure", pixels: NDArray[np.uint8], left: float, top: float, side: float) -> None:
    """Pixels [H, W, 3] in the middle of a square; inches from the left and the top."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((left / width, 1 - (top + side) / height, side / width, side / height))
    axes.imshow(pixels, interpolation="antialiased")
    axes.axis("off")


def _whole(sample: Sample) -> NDArray[np.uint8]:
    """The sample with its aspect, as large as its place in the picture."""
    image = open_image(sample.image, 3)
    mask = None if sample.mask is None else open_mask(sample.mask, sample.image, image.size)
    scale = CELL * DOTS / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    image = image.resize(size, Image.Resampling.LANCZOS)
    return outline(image, None if mask is None else mask.resize(size, Image.Resampling.BILINEAR))


def _turned(sample: Sample) -> list[NDArray[np.uint8]]:
    """The sample, made square, in the turns 0 to 7."""
    side = round(CELL * DOTS / 2)
    image = open_image(sample.image, 3)
    pixels = torch.from_numpy(to_array(image, (side, side)))[None].repeat(TURNS, 1, 1, 1)
    turned = turn(pixels, torch.arange(TURNS)).permute(0, 2, 3, 1).numpy()
    if sample.mask is None:
        return list(turned)
    drawn = torch.from_numpy(to_mask(open_mask(sample.mask, sample.image, image.size), (side, side)))
    masks = turn(drawn[None].repeat(TURNS, 1, 1, 1), torch.arange(TURNS))[:, 0].numpy() * np.uint8(255)
    pairs = zip(turned, masks, strict=True)
    return [outline(Image.fromarray(pixels), Image.fromarray(mask)) for pixels, mask in pairs]


def outline(image: Image.Image, mask: Image.Image | None) -> NDArray[np.uint8]:
    """Pixels [H, W, 3] of an RGB image, the defect of `mask` (0..255, of one size with it) tinted, with a line around
    it.

    The line lies outside the defect, so that a crack of one pixel can still be seen.
    """
    pixels = np.asarray(image, dtype=np.uint8)
    if mask is None:
        return pixels
    mask = mask.point([255 * (level > 127) for level in range(256)])
    inside = np.asarray(mask) > 0
    line = (np.asarray(mask.filter(ImageFilter.MaxFilter(3))) > 0) & ~inside
    drawn = pixels.astype(np.float64)
    drawn[inside] += TINT * (np.array(OUTLINE) - drawn[inside])
    drawn[line] = OUTLINE
    return np.rint(drawn).astype(np.uint8)
