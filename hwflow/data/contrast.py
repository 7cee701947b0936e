# SPDX-License-Identifier: Apache-2.0
"""How far defects stand out of their background: the signal-to-noise ratio of images with masks.

The paper says of the NEU patches that their background has a low one (section 4.1), without a formula or a figure. Here
the signal is the difference between the mean grey of the defects and that of the background, the noise the background's
standard deviation.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Contrast:
    """Powers of one image, in squared grey levels: of its signal, and of its noise."""

    signal: float
    noise: float


def contrast(pixels: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Contrast | None:
    """Of a grey image [H, W]; None if it shows no defect, or nothing else."""
    if mask.all() or not mask.any():
        return None
    defect, background = pixels[mask], pixels[~mask]
    return Contrast(float(defect.mean() - background.mean()) ** 2, float(background.var()))


def signal_to_noise(images: Sequence[Contrast]) -> float | None:
    """In dB, of the mean powers of all images, each weighing alike: below 0 defects differ less from their background
    than its pixels do among themselves. None without images, and where one of the two powers is 0."""
    signal, noise = sum(image.signal for image in images), sum(image.noise for image in images)
    return 10 * math.log10(signal / noise) if signal > 0 and noise > 0 else None
