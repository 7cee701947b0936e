# SPDX-License-Identifier: Apache-2.0
"""``python -m hwflow.cli``: the same as ``hwflow``."""

from hwflow.cli import main

raise SystemExit(main())
