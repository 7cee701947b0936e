# SPDX-License-Identifier: Apache-2.0
"""Where results that depend on content alone are kept between builds: simulation libraries, synthesis counts."""

import os
from pathlib import Path

from hwflow.errors import UserError


def cache_root() -> Path:
    """HWFLOW_CACHE, or hwflow in the user's cache folder; made if it is not there.

    Raises UserError where it cannot be written.
    """
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(os.environ.get("HWFLOW_CACHE") or Path(base) / "hwflow")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror}; set HWFLOW_CACHE to a folder that can be written") from None
    if not os.access(folder, os.W_OK):
        raise UserError(f"{folder}: not writable; set HWFLOW_CACHE to a folder that can be written")
    return folder
