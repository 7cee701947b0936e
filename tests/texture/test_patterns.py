# SPDX-License-Identifier: Apache-2.0
"""Local binary patterns: by hand on tiny images, against scikit-image, and under turns, light and noise."""

import numpy as np
import pytest
from skimage.feature import local_binary_pattern

from hwflow.texture.patterns import TOLERANCE, Image, clbp_bins, clbp_histogram, lbp_histogram, least_size, uniform
from hwflow.texture.recipe import Scale

SMALL = Scale(points=8, radius=1)
SQUARE = Scale(points=4, radius=1)  # right, above, left, below: no point between pixels
SCALES = [SMALL, SQUARE, Scale(points=16, radius=2), Scale(points=24, radius=3)]


def _noise(height: int = 30, width: int = 30) -> Image:
    return np.random.default_rng(1).integers(0, 256, (height, width)).astype(np.uint8)


def _only(bins: int, index: int) -> list[float]:
    return [float(i == index) for i in range(bins)]


@pytest.mark.parametrize(
    ("bits", "found"),
    [([0, 0, 0, 0], 0), ([0, 1, 0, 0], 1), ([1, 0, 0, 1], 2), ([1, 1, 0, 1], 3), ([1, 1, 1, 1], 4), ([1, 0, 1, 0], 5)],
)
def test_riu2_counts_the_ones_of_uniform_patterns(bits: list[int], found: int) -> None:
    assert uniform(np.array(bits, dtype=bool)[:, None]) == [found]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([[0, 0, 0], [0, 9, 0], [0, 0, 0]], 0),  # a bright spot
        ([[9, 9, 9], [9, 0, 9], [9, 9, 9]], 4),  # a dark one
        ([[5, 5, 5], [5, 5, 5], [5, 5, 5]], 4),  # equal counts as not darker
        ([[0, 9, 0], [0, 5, 0], [0, 0, 0]], 1),
        ([[0, 9, 0], [0, 5, 0], [0, 9, 0]], 5),  # a line: not uniform
        ([[0, 9, 0], [0, 5, 9], [0, 0, 0]], 2),
    ],
)
def test_lbp_of_one_pixel(rows: list[list[int]], found: int) -> None:
    image = np.array(rows, dtype=np.uint8)
    assert lbp_histogram(image, SQUARE).tolist() == _only(6, found)


def test_clbp_of_one_pixel_by_hand() -> None:
    # Differences right, above, left, below: 1, 4, -5, -2. Magnitudes 1, 4, 5, 2 have the mean 3.
    image = np.array([[0, 9, 0], [0, 5, 6], [0, 3, 0]], dtype=np.uint8)
    sign = magnitude = 2  # 1 1 0 0, and 0 1 1 0
    bright = 1  # 5 >= 23 / 9
    joint = clbp_histogram(image, SQUARE, 1, "S/M/C")
    assert joint.tolist() == _only(72, (sign * 6 + magnitude) * 2 + bright)
    apart = clbp_histogram(image, SQUARE, 1, "S_M/C")
    assert apart.tolist() == [x / 2 for x in _only(6, sign) + _only(12, magnitude * 2 + bright)]


def test_the_evaluation_window_leaves_its_middle_out() -> None:
    # The neighbour above is 255 itself, and all around it is 0: its window's mean is that of the others, below the centre.
    image = np.zeros((5, 5), dtype=np.uint8)
    image[1, 2] = 255
    image[2, 2] = 30
    # Means: above 30 / 8 of the centre; right, left and below (255 + 30) / 8 or 30 / 8.
    windows = {"right": (255 + 30) / 8, "above": 30 / 8, "left": (255 + 30) / 8, "below": 30 / 8}
    assert [mean >= 30 for mean in windows.values()] == [True, False, True, False]
    histogram = clbp_histogram(image, SQUARE, 3, "S_M/C")
    assert histogram[:6].tolist() == [x / 2 for x in _only(6, 5)]
    assert clbp_histogram(image, SQUARE, 1, "S_M/C")[:6].argmax() != 5


@pytest.mark.parametrize("scale", SCALES)
def test_the_sign_component_is_scikit_images_lbp(scale: Scale) -> None:
    image, edge = _noise(), scale.radius
    codes = local_binary_pattern(image, scale.points, scale.radius, "uniform")[edge:-edge, edge:-edge].astype(int)
    wanted = np.bincount(codes.ravel(), minlength=scale.points + 2) / codes.size
    found = clbp_histogram(image, scale, 1, "S_M/C")[: scale.points + 2] * 2
    assert np.allclose(found, wanted, atol=1e-12)
    assert np.array_equal(lbp_histogram(image, scale), wanted)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_quarter_turns_and_light_change_nothing(scale: Scale, quarters: int) -> None:
    image = _noise(24, 31) // 4
    for changed in (np.ascontiguousarray(np.rot90(image, quarters)), image * 3 + 40):
        assert np.array_equal(lbp_histogram(image, scale), lbp_histogram(changed, scale))
        for window in (1, 3, 5):
            one, other = (clbp_histogram(x, scale, window, "S/M/C") for x in (image, changed))
            assert np.allclose(one, other, atol=1e-12)


@pytest.mark.parametrize("scale", SCALES)
def test_a_flat_image_has_one_pattern(scale: Scale) -> None:
    flat = np.full((20, 20), 77, dtype=np.uint8)
    bins = scale.points + 2
    all_ones = (scale.points * bins + scale.points) * 2 + 1
    assert clbp_histogram(flat, scale, 3, "S/M/C").tolist() == _only(2 * bins * bins, all_ones)
    assert 0 < TOLERANCE < 1e-6


def test_the_window_steadies_patterns_under_noise() -> None:
    draw = np.random.default_rng(0)
    y, x = np.mgrid[:60, :60]
    plain = 120 + 60 * np.sin(x / 4) * np.cos(y / 5)
    noisy = plain + draw.normal(0, 6, plain.shape)
    images = [np.clip(np.round(i), 0, 255).astype(np.uint8) for i in (plain, noisy)]

    def moved(window: int) -> float:
        one, other = (clbp_histogram(image, SMALL, window, "S_M/C")[:10] for image in images)
        return float(np.abs(one - other).sum())

    assert moved(5) < moved(3) < moved(1)


def test_least_size_is_the_smallest_with_a_centre() -> None:
    for scale in SCALES:
        for window in (1, 3, 5):
            size = least_size([scale], window)
            image = _noise(size, size)
            histogram = clbp_histogram(image, scale, window, "S/M/C")
            assert histogram.sum() == pytest.approx(1) and len(histogram) == clbp_bins(scale, "S/M/C")
            assert histogram.max() == 1
