# SPDX-License-Identifier: Apache-2.0
"""A run that ends in its middle, as one does whose process is killed."""

from collections.abc import Iterator
from contextlib import contextmanager

from hwflow.cli.progress import Stage


class KilledError(Exception):
    """Stands for the end of the process."""


class Progress:
    """A display that ends the run after a number of epochs."""

    def __init__(self, epochs: int | None = None) -> None:
        self.left = epochs
        self.lines: list[str] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        def tick(done: int, total: int, detail: str = "") -> None:
            if self.left is not None:
                self.left -= 1
                if self.left == 0:
                    raise KilledError

        yield Stage(name, tick)

    def cached(self, name: str) -> None:
        raise AssertionError

    def line(self, text: str) -> None:
        self.lines.append(text)
