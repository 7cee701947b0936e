# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def work(request: pytest.FixtureRequest) -> Path:
    """Where compiled simulations are kept between runs: their names are hashes of their content."""
    cache = request.config.cache
    assert cache is not None
    return cache.mkdir("hwflow_compute")
