# SPDX-License-Identifier: Apache-2.0
"""Histograms of local binary patterns: of one image uint8 [H, W], float64 [bins], which add up to 1.

Notation: a pattern has P `points` on a circle of `radius` R (Scale) around a pixel, the centre. riu2 is the mapping of
patterns to P + 2 bins that a turn by a step of the circle leaves as they are: the number of ones where at most two
neighbours on the circle differ, else P + 1. Only centres count whose circle lies in the image.

Sources:
  LBP     Ojala, Pietikäinen, Mäenpää, "Multiresolution gray-scale and rotation invariant texture classification with
          local binary patterns", IEEE TPAMI 24 (7), 971-987, 2002
  CLBP    Guo, Zhang, Zhang, "A completed modeling of local binary pattern operator for texture classification",
          IEEE TIP 19 (6), 1657-1663, 2010
  AECLBP  Song, Yan, "A noise robust method based on completed local binary patterns for hot-rolled steel strip surface
          defects", Applied Surface Science 285, 858-864, 2013

Song and Yan bring every image to mean 128 and standard deviation 20 first. Nothing here does, for nothing here changes
where all grey levels are multiplied by a positive number and shifted.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from skimage.feature import local_binary_pattern

from hwflow.texture.recipe import Scale

Image = NDArray[np.uint8]
Map = NDArray[np.float64]
Codes = NDArray[np.int64]

Joint = Literal["S/M/C", "S_M/C"]
"""As Guo, Zhang and Zhang write it: / joins components in one histogram, _ puts histograms one behind the other."""

TOLERANCE = 1e-9
"""Grey levels. Interpolating between equal pixels does not give quite their value; a difference so small is none."""


def lbp_histogram(image: Image, scale: Scale) -> Map:
    """Local binary patterns, riu2: [points + 2]."""
    codes = local_binary_pattern(image, scale.points, scale.radius, method="uniform").astype(np.int64)
    edge = _edge(scale)
    # skimage takes pixels outside for black.
    return _histogram(codes[edge:-edge, edge:-edge], scale.points + 2)


def clbp_histogram(image: Image, scale: Scale, window: int, joint: Joint) -> Map:
    """(Adjacent evaluation) completed local binary patterns; B = points + 2.

    For a centre c and its neighbours n_p, with differences d_p = n_p - c, the components are
      S  sign, riu2 of d_p >= 0
      M  magnitude, riu2 of |d_p| >= the mean of |d_p| over all p and centres of the image
      C  centre, c >= the mean of the image
    in one histogram of S, M and C ("S/M/C", [2 B B]), or in one of S and one of M and C ("S_M/C", [3 B], halved so as
    to add up to 1). Points between pixels are interpolated bilinearly.

    With `window` 1 it is CLBP. With W = 3, 5, ... it is AECLBP: n_p is not the neighbour itself but the mean of the
    evaluation window of W x W pixels around it. Left open by what we have of the source, and taken so: the window's
    middle does not count (public code for AECLBP has W = 3 and means of eight pixels); windows around points between
    pixels are interpolated, as CLBP does with pixels; c is the pixel itself.
    """
    grey = image.astype(np.float64)
    differences = _neighbours(grey, scale, window)
    edge = _edge(scale, window)
    centre = grey[edge:-edge, edge:-edge]
    differences -= centre
    sign = uniform(differences >= -TOLERANCE)
    magnitudes = np.abs(differences, out=differences)
    magnitude = uniform(magnitudes >= magnitudes.mean() - TOLERANCE)
    bright = (centre >= grey.mean() - TOLERANCE).astype(np.int64)
    bins = scale.points + 2
    if joint == "S/M/C":
        return _histogram((sign * bins + magnitude) * 2 + bright, 2 * bins * bins)
    return np.concatenate([_histogram(sign, bins), _histogram(magnitude * 2 + bright, 2 * bins)]) / 2


def clbp_bins(scale: Scale, joint: Joint) -> int:
    """Length of a `clbp_histogram`."""
    bins = scale.points + 2
    return 2 * bins * bins if joint == "S/M/C" else 3 * bins


def uniform(bits: NDArray[np.bool_]) -> Codes:
    """The riu2 bin of patterns [points, ...], in the order of the circle: [...], 0 to points + 1."""
    points = len(bits)
    changes = (bits != np.roll(bits, 1, axis=0)).sum(axis=0)
    return np.where(changes <= 2, bits.sum(axis=0), points + 1)


def least_size(scales: Sequence[Scale], window: int = 1) -> int:
    """The least height and width of an image in which every scale has a centre."""
    return max(2 * _edge(scale, window) + 1 for scale in scales)


def _edge(scale: Scale, window: int = 1) -> int:
    """Pixels between the image's border and the nearest centre."""
    return scale.radius + window // 2


def _neighbours(grey: Map, scale: Scale, window: int) -> Map:
    """n_p of every centre: [points, H - 2 edge, W - 2 edge]."""
    means = _window_means(grey, window)
    angles = 2 * np.pi * np.arange(scale.points) / scale.points
    height, width = (size - 2 * scale.radius for size in means.shape)
    found = np.empty((scale.points, height, width))
    # Rounded, so that sin(pi) is 0: such a point is a pixel, and none behind it is read.
    down = np.round(-scale.radius * np.sin(angles), 9)
    right = np.round(scale.radius * np.cos(angles), 9)
    for p in range(scale.points):
        top, left = int(np.floor(down[p])), int(np.floor(right[p]))
        below, beside = down[p] - top, right[p] - left
        point = np.zeros((height, width))
        for i, share in ((0, 1 - below), (1, below)):
            for j, part in ((0, 1 - beside), (1, beside)):
                if share * part > 0:
                    y, x = scale.radius + top + i, scale.radius + left + j
                    point += share * part * means[y : y + height, x : x + width]
        found[p] = point
    return found


def _window_means(grey: Map, window: int) -> Map:
    """Mean of the pixels around each whose window lies in the image, the middle left out; window 1: the pixel."""
    if window == 1:
        return grey
    sums = np.pad(grey, ((1, 0), (1, 0))).cumsum(0).cumsum(1)  # whole numbers, so exact
    whole = sums[window:, window:] - sums[:-window, window:] - sums[window:, :-window] + sums[:-window, :-window]
    edge = window // 2
    means: Map = (whole - grey[edge:-edge, edge:-edge]) / (window * window - 1)
    return means


def _histogram(codes: Codes, bins: int) -> Map:
    return np.bincount(codes.ravel(), minlength=bins) / codes.size
