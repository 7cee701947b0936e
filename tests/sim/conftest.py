# SPDX-License-Identifier: Apache-2.0
"""One work folder for all simulation tests, new in each session but for Verilator's own objects."""

from pathlib import Path

import pytest

from hwflow.cache import cache_root


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sim")
    kept = cache_root() / "sim" / "objects"
    kept.mkdir(parents=True, exist_ok=True)
    (folder / "objects").symlink_to(kept)
    return folder
