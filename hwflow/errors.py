# SPDX-License-Identifier: Apache-2.0
"""The two ways in which a command ends other than well; the CLI turns each into one line and an exit code."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Wrong use or bad input: exit code 2. The message is one line: the file, node or option, and the remedy."""


class BuildFailed(Exception):
    """A mismatch, a deadlock, a design that does not fit or is too slow: exit code 1. The message has the numbers."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`` (did you mean X?)`` with the known name nearest to `name`, or nothing where none is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" (did you mean {near[0]}?)" if near else ""
