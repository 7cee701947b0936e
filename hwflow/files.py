# SPDX-License-Identifier: Apache-2.0
"""Files appear whole or not at all: written beside their place, then renamed, also when several processes write."""

import uuid
from collections.abc import Callable
from pathlib import Path


def publish(target: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file beside `target`, then rename it; nothing is left behind where `write` raises."""
    beside = target.with_name(f".{uuid.uuid4().hex}-{target.name}")
    try:
        write(beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
