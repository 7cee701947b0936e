# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from deploy_sample import Deployed, deploy_brightest


@pytest.fixture
def deploy(tmp_path: Path) -> Callable[..., Deployed]:
    """Makes a deploy folder in the test's own folder; options as of `deploy_brightest`."""
    return lambda *args, **options: deploy_brightest(tmp_path, *args, **options)
