# SPDX-License-Identifier: Apache-2.0
"""A labelled set of images, with pixel masks where it has some, read from a folder in one of the forms of `layout`."""

import os.path
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hwflow.cli.progress import Tick
from hwflow.data.images import load_image, open_image, open_mask, to_array, to_mask
from hwflow.data.known import tile_groups
from hwflow.data.layout import Sample, find_samples
from hwflow.data.manifest import Entry, read_manifest, require_content, require_files
from hwflow.errors import UserError


@dataclass(frozen=True)
class ImageSet:
    """Images with their labels. Images of one group (equal group number) belong on one side of a split."""

    images: Tensor  # uint8 [N, C, H, W]
    labels: Tensor  # int64 [N], indices into classes
    groups: Tensor  # int64 [N]
    paths: tuple[Path, ...]
    classes: tuple[str, ...]
    masks: Tensor | None = None  # uint8 [N, 1, H, W], 1 is defect; None where they were not read

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, indices: Tensor) -> "ImageSet":
        """The images of the given indices, in their order."""
        paths = tuple(self.paths[i] for i in indices.tolist())
        masks = None if self.masks is None else self.masks[indices]
        return ImageSet(self.images[indices], self.labels[indices], self.groups[indices], paths, self.classes, masks)

    @property
    def place(self) -> str:
        """The folder that holds all images, for messages."""
        return os.path.commonpath([path.parent for path in self.paths]) if self.paths else "no images"


def load_folder(
    folder: Path, shape: tuple[int, int, int], classes: Sequence[str], tick: Tick | None = None
) -> ImageSet:
    """All images of every class in `folder`, resized to `shape` (C, H, W), in the order of classes and file names.

    Masks are left alone. A MANIFEST.tsv in `folder` with the columns `path` (relative to it) and `group` says which
    images show the same thing; without it photographs of Magnetic Tile are grouped by their numbers
    (`known.tile_groups`), and any other image is a group of its own. `tick` is told of every image.

    Raises UserError, naming the file or folder, for what `find_samples` refuses, if an image cannot be read, if the
    manifest is wrong, and if a file that it lists is missing or has changed.
    """
    found = find_samples(folder, classes)
    return _load(folder, shape, found, tick, with_masks=False)


def load_masked(
    folder: Path, shape: tuple[int, int, int], classes: Sequence[str] | None = None, tick: Tick | None = None
) -> ImageSet:
    """As `load_folder`, with the masks: 1 where they are above 127, resized with their images.

    `classes` (default: all of the folder) may name some only, as the paper does that trains on every defect by itself.
    Masks may be empty: tiles without a defect have such.

    Raises UserError besides, naming the file, if an image has no mask, and for what `open_mask` refuses.
    """
    found = find_samples(folder, classes, others=True)
    without = next((sample.image for samples in found.values() for sample in samples if sample.mask is None), None)
    if without is not None:
        raise UserError(f"{without}: has no mask; add a mask of the same name, a .png beside it or in the folder masks")
    return _load(folder, shape, found, tick, with_masks=True)


def _load(
    folder: Path,
    shape: tuple[int, int, int],
    found: Mapping[str, Sequence[Sample]],
    tick: Tick | None,
    with_masks: bool,
) -> ImageSet:
    samples = [sample for of_class in found.values() for sample in of_class]
    entries = read_manifest(folder)
    files = [path for sample in samples for path in (sample.image, sample.mask) if path is not None]
    require_files(folder, entries, frozenset(path.parent for path in files))
    images, masks = [], []
    for done, sample in enumerate(samples, 1):
        require_content(sample.image, entries.get(sample.image.relative_to(folder).as_posix()))
        if with_masks and sample.mask is not None:
            require_content(sample.mask, entries.get(sample.mask.relative_to(folder).as_posix()))
            image, mask = _load_pair(sample.image, sample.mask, shape)
            masks.append(mask)
        else:
            image = load_image(sample.image, shape[1:], shape[0])
        images.append(image)
        if tick is not None:
            tick(done, len(samples))
    labels = [label for label, of_class in enumerate(found.values()) for _ in of_class]
    return ImageSet(
        torch.from_numpy(np.stack(images)),
        torch.tensor(labels),
        torch.tensor(_number_groups(folder, [sample.image for sample in samples], entries)),
        tuple(sample.image for sample in samples),
        tuple(found),
        torch.from_numpy(np.stack(masks)) if with_masks else None,
    )


def _load_pair(path: Path, mask: Path, shape: tuple[int, int, int]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    channels, height, width = shape
    image = open_image(path, channels)
    drawn = open_mask(mask, path, image.size)
    return to_array(image, (height, width)), to_mask(drawn, (height, width))


def _number_groups(folder: Path, paths: Sequence[Path], entries: Mapping[str, Entry]) -> list[int]:
    """Groups as numbers in the order in which they appear."""
    names = [path.relative_to(folder).as_posix() for path in paths]
    if not any(entry.group for entry in entries.values()):
        names = tile_groups([path.stem for path in paths]) or names
    numbers: dict[str, int] = {}
    of_entry = (entries[name].group if name in entries else "" for name in names)
    return [numbers.setdefault(group or name, len(numbers)) for group, name in zip(of_entry, names, strict=True)]
