# SPDX-License-Identifier: Apache-2.0
"""The frames that a simulation runs: a mix that reaches every corner of the number range, or the user's own images."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwflow.data.images import image_files, load_image
from hwflow.data.synthetic import surfaces
from hwflow.errors import UserError

FEWEST = 4
"""All 0, all 255, noise and a surface."""
NOISE_SHARE = 8
"""Every eighth frame is noise."""


def frames(count: int, shape: tuple[int, int, int], seed: int = 0, images: Path | None = None) -> NDArray[np.uint8]:
    """Frames as uint8 [N, C, H, W] of `shape` (C, H, W).

    Without `images`, N = `count`: surfaces, then uniform noise, one frame of all 0 and one of all 255. With it, N is
    the number of images in that folder and the folders in it, but at most `count`, in the order of their paths, resized
    as everywhere.

    Raises UserError if `count` is below 4 without `images` (below 1 with it), or if `images` holds none or a broken
    one.
    """
    if images is not None:
        return _own(count, shape, images)
    if count < FEWEST:
        raise UserError(f"--frames {count}: at least {FEWEST} are needed, for surfaces, noise, all 0 and all 255")
    noisy = max(1, count // NOISE_SHARE)
    noise = np.random.default_rng((seed, count)).integers(0, 256, (noisy, *shape), dtype=np.uint8)
    flat = np.stack([np.full(shape, level, np.uint8) for level in (0, 255)])
    return np.concatenate([surfaces(count - noisy - len(flat), shape, seed), noise, flat])


def _own(count: int, shape: tuple[int, int, int], images: Path) -> NDArray[np.uint8]:
    if not images.is_dir():
        raise UserError(f"{images}: no such folder; --images takes a folder of images")
    if count < 1:
        raise UserError(f"--frames {count}: at least 1 is needed")
    folders = [images, *sorted(path for path in images.rglob("*") if path.is_dir())]
    paths = [path for folder in folders for path in image_files(folder)][:count]
    if not paths:
        raise UserError(f"{images}: holds no image")
    channels, height, width = shape
    return np.stack([load_image(path, (height, width), channels) for path in paths])
