# SPDX-License-Identifier: Apache-2.0
"""One work folder for all simulation tests: Verilator's own objects are compiled once."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sim")
