# SPDX-License-Identifier: Apache-2.0
"""Where the content that users extend (models/, build/) lies: beside the package in a checkout, inside a wheel's."""

from pathlib import Path


def content_root() -> Path:
    """The folder that holds `models/` and `build/`.

    A wheel carries them in `hwflow/_content` (force-include in pyproject.toml); a checkout has them beside the package.
    """
    package = Path(__file__).resolve().parent
    installed = package / "_content"
    return installed if installed.is_dir() else package.parent
