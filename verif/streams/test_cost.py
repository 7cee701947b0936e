# SPDX-License-Identifier: Apache-2.0
"""Stream operators stay as small as they are: a network has hundreds of them."""

from __future__ import annotations

import pytest
from bench_streams import ROWS, measure


@pytest.mark.slow
def test_cost() -> None:
    for row, found in zip(ROWS, measure(ROWS), strict=True):
        assert found.lut <= row.lut, f"{row.module} {row.what}: {found}"
        assert found.bram36 == row.half_blocks / 2, f"{row.module} {row.what}: {found}"
