# SPDX-License-Identifier: Apache-2.0
"""Reading one image, the same way for training, evaluation and simulation."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from hwflow.errors import UserError

SUFFIXES = frozenset({".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff", ".pgm", ".ppm", ".webp"})
_MODES = {1: "L", 3: "RGB"}


def load_image(path: Path, size: tuple[int, int], channels: int) -> NDArray[np.uint8]:
    """The image as uint8 [channels, H, W] with (H, W) = `size`.

    `channels` is 1 (grey, by the luma of ITU-R 601) or 3 (RGB). Another size is reached by Pillow's bilinear filter,
    which averages over the covered area when it shrinks; an image of the right size keeps its pixels. The aspect ratio
    is not kept.

    Raises UserError, naming the file, if it is no image, is damaged, or has more than 8 bits a channel.
    """
    mode = _MODES[channels]
    try:
        with Image.open(path) as image:
            if image.mode.startswith(("I", "F")):
                raise UserError(f"{path}: has more than 8 bits a channel; convert it to 8 bits")
            pixels = image.convert(mode)
    except UnidentifiedImageError:
        raise UserError(f"{path}: not an image that can be read") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{path}: damaged or unreadable image ({error})") from None
    height, width = size
    if pixels.size != (width, height):
        pixels = pixels.resize((width, height), Image.Resampling.BILINEAR)
    array = np.asarray(pixels, dtype=np.uint8)
    return array[None] if channels == 1 else np.ascontiguousarray(array.transpose(2, 0, 1))


def image_files(folder: Path) -> list[Path]:
    """The files directly in `folder` that are named as images, sorted; hidden files are left out."""
    files = (path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return sorted(path for path in files if path.suffix.lower() in SUFFIXES)
