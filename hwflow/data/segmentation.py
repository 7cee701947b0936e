# SPDX-License-Identifier: Apache-2.0
"""Images with a mask of the defects each: a folder that holds images/ and masks/, files of one name belonging
together."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from hwflow.cli.progress import Tick
from hwflow.data.folder import MANIFEST, read_groups
from hwflow.data.images import image_files, load_image
from hwflow.errors import UserError

IMAGES, MASKS = "images", "masks"
ABOVE = 127
"""A mask's pixels above this are a defect."""


@dataclass(frozen=True)
class MaskedImages:
    """Images with the label of every pixel: 0 background, 1 defect. Images of one group belong on one side of a
    split."""

    images: Tensor  # uint8 [N, C, H, W]
    masks: Tensor  # uint8 [N, H, W]
    groups: Tensor  # int64 [N]
    paths: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, indices: Tensor) -> "MaskedImages":
        """The images of the given indices, in their order."""
        paths = tuple(self.paths[i] for i in indices.tolist())
        return MaskedImages(self.images[indices], self.masks[indices], self.groups[indices], paths)

    @property
    def labels(self) -> Tensor:
        """0 of every image: classes are the pixels', and a split has one of images."""
        return torch.zeros(len(self), dtype=torch.int64)


def load_masked(folder: Path, shape: tuple[int, int, int], tick: Tick | None = None) -> MaskedImages:
    """All pairs of `folder`, resized to `shape` (C, H, W), in the order of names; masks are thresholded after that.

    MANIFEST.tsv says what belongs together, as in `load_folder`. `tick` is told of every pair.

    Raises UserError, naming the file or folder, if a folder is missing or empty, an image has no mask or a mask no
    image, their sizes differ, or a file cannot be read.
    """
    for name in (IMAGES, MASKS):
        if not (folder / name).is_dir():
            raise UserError(f"{folder / name}: no such folder; --data takes a folder that holds images/ and masks/")
    images = {path.stem: path for path in image_files(folder / IMAGES)}
    masks = {path.stem: path for path in image_files(folder / MASKS)}
    for stem, path in (images | masks).items():
        if stem not in masks:
            raise UserError(f"{images[stem]}: has no mask of its name in {folder / MASKS}; add it or move the image")
        if stem not in images:
            raise UserError(f"{path}: has no image of its name in {folder / IMAGES}; add it or move the mask")
    if not images:
        raise UserError(f"{folder / IMAGES}: holds no image")
    group_of = read_groups(folder / MANIFEST)
    numbers: dict[str, int] = {}
    groups, pixels, labels = [], [], []
    channels, *size = shape
    for done, (stem, path) in enumerate(images.items(), 1):
        relative = path.relative_to(folder).as_posix()
        groups.append(numbers.setdefault(group_of.get(relative, relative), len(numbers)))
        pixels.append(load_image(path, (size[0], size[1]), channels))
        labels.append((load_image(masks[stem], (size[0], size[1]), 1)[0] > ABOVE).astype(np.uint8))
        of_image, of_mask = _size(path), _size(masks[stem])
        if of_image != of_mask:
            raise UserError(f"{masks[stem]}: is {of_mask}, its image {of_image}; a mask has its image's size")
        if tick is not None:
            tick(done, len(images))
    return MaskedImages(
        torch.from_numpy(np.stack(pixels)),
        torch.from_numpy(np.stack(labels)),
        torch.tensor(groups),
        tuple(images.values()),
    )


def turn_and_mirror(images: Tensor, masks: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Each image [N, C, H, W] and its mask [N, H, W] turned by a random number of quarters (halves where oblong) and
    mirrored or not: what the paper does to NEU."""
    square = images.shape[-2] == images.shape[-1]
    changed = []
    for image, mask in zip(images, masks, strict=True):
        quarters, mirrored = (int(torch.randint(count, (), generator=generator)) for count in (4, 2))
        pair = [torch.rot90(part, quarters if square else 2 * (quarters % 2), (-2, -1)) for part in (image, mask)]
        changed.append([part.flip(-1) for part in pair] if mirrored else pair)
    return torch.stack([image for image, _ in changed]), torch.stack([mask for _, mask in changed])


def _size(path: Path) -> str:
    with Image.open(path) as image:
        return f"{image.height} x {image.width}"
