# SPDX-License-Identifier: Apache-2.0
"""The signal-to-noise ratio against powers by hand."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hwflow.data.__main__ import main
from hwflow.data.contrast import Contrast, contrast, signal_to_noise

MASK = np.array([[True, True, False, False, False, False]])


def test_powers_by_hand() -> None:
    """Background 10 +- 5, defects 30 on average: a difference of 20, which is four times the deviation."""
    pixels = np.array([[25, 35, 5, 15, 5, 15]], np.uint8)
    assert contrast(pixels, MASK) == Contrast(signal=400.0, noise=25.0)
    assert signal_to_noise([Contrast(400.0, 25.0)]) == pytest.approx(12.04, abs=0.005)


def test_dark_defects_count_like_bright_ones() -> None:
    assert contrast(np.array([[0, 0, 10, 30, 10, 30]], np.uint8), MASK) == Contrast(400.0, 100.0)


def test_powers_are_averaged_over_images() -> None:
    assert signal_to_noise([Contrast(0.0, 10.0), Contrast(20.0, 10.0)]) == 0.0
    assert signal_to_noise([Contrast(1.0, 0.0), Contrast(1.0, 20.0)]) == pytest.approx(-10.0)


def test_no_ratio_without_defects_background_or_noise() -> None:
    pixels = np.zeros((1, 6), np.uint8)
    assert contrast(pixels, np.zeros((1, 6), bool)) is None
    assert contrast(pixels, np.ones((1, 6), bool)) is None
    assert signal_to_noise([]) is None
    assert signal_to_noise([Contrast(9.0, 0.0)]) is None
    assert signal_to_noise([Contrast(0.0, 9.0)]) is None


def test_preview_shows_it_of_each_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("images", "masks"):
        (tmp_path / "set" / folder).mkdir(parents=True)
    pixels = np.array([[25, 35, 5, 15, 5, 15]] * 4, np.uint8)
    Image.fromarray(pixels).save(tmp_path / "set" / "images" / "Pa_1.png")
    Image.fromarray(np.repeat(MASK, 4, 0).astype(np.uint8) * 255).save(tmp_path / "set" / "masks" / "Pa_1.png")
    assert main(["preview", "--data", str(tmp_path / "set"), "--out", str(tmp_path / "a.png")]) == 0
    head, row = capsys.readouterr().out.splitlines()[:2]
    assert head.split()[-1] == "SNR"
    assert row.split()[-2:] == ["12.0", "dB"]
