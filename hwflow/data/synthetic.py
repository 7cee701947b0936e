# SPDX-License-Identifier: Apache-2.0
"""Made-up images of rolled metal, for simulation without a data set: lighting, rolling texture, and a defect or two on
each.

They exercise a network as photographs do, with flat areas, fine texture, edges and saturation. They are no training
data.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Map = NDArray[np.float64]


def surfaces(count: int, shape: tuple[int, int, int], seed: int) -> NDArray[np.uint8]:
    """`count` surfaces as uint8 [count, C, H, W] of `shape` (C, H, W); the defects take turns, all else is drawn by
    `seed`."""
    images = np.empty((count, *shape), np.uint8)
    for index in range(count):
        draw = np.random.default_rng((seed, index))
        images[index] = _surface(index, shape, draw)
    return images


def _surface(index: int, shape: tuple[int, int, int], draw: Generator) -> NDArray[np.uint8]:
    channels, height, width = shape
    size = (height, width)
    image = draw.uniform(90, 170) + _lighting(size, draw) + _rolling(size, draw)
    image += DEFECTS[index % len(DEFECTS)](size, draw)
    if draw.random() < 0.3:
        image += DEFECTS[draw.integers(len(DEFECTS))](size, draw)
    image += draw.normal(0, draw.uniform(1, 4), size)
    tint = draw.uniform(0.95, 1.05, (channels, 1, 1)) if channels > 1 else 1.0
    return np.clip(np.rint(image * tint), 0, 255).astype(np.uint8)


def _coordinates(size: tuple[int, int]) -> tuple[Map, Map]:
    """Rows and columns in -1..1 along the longer side."""
    height, width = size
    scale = max(height, width) / 2
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    return (rows - height / 2) / scale, (columns - width / 2) / scale


def _noise(size: tuple[int, int], draw: Generator, along: float, across: float) -> Map:
    """Smooth noise of mean 0 and deviation 1, with features of about `along` x `across` pixels (rows x columns)."""
    height, width = size
    rows = np.fft.fftfreq(height)[:, None] * along
    columns = np.fft.rfftfreq(width)[None, :] * across
    spectrum = np.fft.rfft2(draw.normal(size=size)) / (1 + (2 * rows) ** 2 + (2 * columns) ** 2) ** 1.5
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, s=size)
    return np.asarray(field / (field.std() + 1e-12))


def _lighting(size: tuple[int, int], draw: Generator) -> Map:
    rows, columns = _coordinates(size)
    angle, strength = draw.uniform(0, 2 * np.pi), draw.uniform(0, 35)
    return np.asarray(strength * (np.cos(angle) * columns + np.sin(angle) * rows))


def _rolling(size: tuple[int, int], draw: Generator) -> Map:
    length = max(size) * draw.uniform(0.2, 0.8)
    streaks = _noise(size, draw, length, 1.5)
    return draw.uniform(3, 10) * streaks + draw.uniform(2, 8) * _noise(size, draw, 3, 3)


def _clean(size: tuple[int, int], draw: Generator) -> Map:
    return np.zeros(size)


def _scratches(size: tuple[int, int], draw: Generator) -> Map:
    rows, columns = _coordinates(size)
    marks = np.zeros(size)
    pixel = 2 / max(size)
    for _ in range(draw.integers(1, 5)):
        angle = draw.normal(0, 0.3) if draw.random() < 0.7 else draw.uniform(0, np.pi)
        offset, bend = draw.uniform(-0.8, 0.8), draw.normal(0, 0.1)
        distance = np.cos(angle) * columns + np.sin(angle) * rows - offset
        position = np.cos(angle) * rows - np.sin(angle) * columns
        middle, half = draw.uniform(-0.6, 0.6), draw.uniform(0.2, 1.0)
        line = np.exp(-(((distance - bend * position**2) / (draw.uniform(0.4, 1.2) * pixel)) ** 2))
        marks += draw.uniform(60, 140) * line * (np.abs(position - middle) < half)
    return marks


def _patches(size: tuple[int, int], draw: Generator) -> Map:
    extent = max(size) * draw.uniform(0.2, 0.5)
    field = _noise(size, draw, extent * draw.uniform(1, 2), extent)
    edge = np.clip(2 * (field - draw.uniform(0.3, 0.9)), 0, 1)
    return np.asarray(-draw.uniform(40, 90) * edge * (1 + 0.15 * _noise(size, draw, 3, 3)))


def _inclusions(size: tuple[int, int], draw: Generator) -> Map:
    rows, columns = _coordinates(size)
    marks = np.zeros(size)
    for _ in range(draw.integers(1, 4)):
        row, column = draw.uniform(-0.7, 0.7, 2)
        ragged = np.clip(1 + 0.4 * _noise(size, draw, 6, 3), 0.5, None)
        shape = ((rows - row) / draw.uniform(0.2, 0.7)) ** 2 + ((columns - column) / draw.uniform(0.03, 0.1)) ** 2
        marks -= draw.uniform(50, 110) * (shape * ragged < 1)
    return marks


def _pitting(size: tuple[int, int], draw: Generator) -> Map:
    rows, columns = _coordinates(size)
    marks = np.zeros(size)
    middle = draw.uniform(-0.5, 0.5, 2)
    for _ in range(draw.integers(10, 40)):
        row, column = middle + draw.normal(0, 0.35, 2)
        radius = draw.uniform(0.01, 0.05)
        distance = np.hypot(rows - row, columns - column) / radius
        # A dark pit with a bright rim.
        marks += draw.uniform(40, 100) * (0.35 * np.exp(-((distance - 1.3) ** 2) * 6) - np.exp(-(distance**2)))
    return marks


def _crazing(size: tuple[int, int], draw: Generator) -> Map:
    grain = max(size) * draw.uniform(0.05, 0.12)
    cracks = np.exp(-((_noise(size, draw, grain, 2 * grain) / 0.12) ** 2))
    return np.asarray(-draw.uniform(30, 60) * cracks)


def _scale(size: tuple[int, int], draw: Generator) -> Map:
    grain = max(size) * draw.uniform(0.03, 0.08)
    flakes = np.clip(_noise(size, draw, 2 * grain, grain) - 0.8, 0, 1)
    return np.asarray(-draw.uniform(40, 90) * flakes)


DEFECTS: tuple[Callable[[tuple[int, int], Generator], Map], ...] = (
    _scratches,
    _patches,
    _inclusions,
    _pitting,
    _crazing,
    _scale,
    _clean,
)
