# SPDX-License-Identifier: Apache-2.0
"""How a running command shows where it is: a live line on a terminal, plain lines in a log.

The layers below know nothing of this: a function that works through many nodes takes a `Tick` and calls it. ::

    with open_progress() as progress:
        with progress.stage("synthesise") as stage:
            resources = synthesise(nodes, tick=stage.tick)
            stage.note = "148 nodes, 12 from the cache"
        progress.cached("export")
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

LOG_EVERY_SECONDS = 10.0


class Tick(Protocol):
    """Called as work proceeds: `done` of `total` units (0: nobody knows), and in a few words what is at work."""

    def __call__(self, done: int, total: int, detail: str = "") -> None: ...


@dataclass
class Stage:
    """One running stage. Set `note` to the few words that shall stand behind its name once it has ended."""

    name: str
    tick: Tick
    note: str = ""


class StageProgress(Protocol):
    """What `open_progress` yields."""

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Show that the stage `name` runs, until the block ends."""
        ...

    def cached(self, name: str) -> None:
        """Show that the stage `name` had nothing to do."""
        ...

    def line(self, text: str) -> None:
        """Print one line that stays."""
        ...


@contextmanager
def open_progress(stream: TextIO | None = None) -> Iterator[StageProgress]:
    """Yield the progress display for `stream` (default: standard error): live on a terminal, plain lines otherwise."""
    stream = sys.stderr if stream is None else stream
    console = Console(file=stream, highlight=False)
    if not console.is_interactive:
        yield _Lines(stream)
        return
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", style="bold"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[detail]}", style="dim"),
        console=console,
        transient=True,
    )
    with bar:
        yield _Live(bar)


def spell_seconds(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min 05 s``, ``2 h 07 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class _Lines:
    """Plain lines without timestamps: a log of two equal runs differs in its seconds only."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        started = said = self._clock()
        first: tuple[int, float] | None = None  # what was done before, as by a run that goes on, took none of this time

        def tick(done: int, total: int, detail: str = "") -> None:
            nonlocal said, first
            now = self._clock()
            if first is None:
                first = done - 1, started
            if now - said >= LOG_EVERY_SECONDS:
                said = now
                # A tick may say again what the one before said.
                seconds = (now - first[1]) / max(1, done - first[0]) * (total - done)
                left = f"{spell_seconds(seconds)} left" if done < total else ""
                self.line(_join(f"{name}: {done} of {total}" if total else f"{name}: {done}", detail, left))

        self.line(f"{name} ...")
        stage = Stage(name, tick)
        try:
            yield stage
        except BaseException:
            self.line(f"{name}: stopped after {spell_seconds(self._clock() - started)}")
            raise
        self.line(_join(f"{name}: {spell_seconds(self._clock() - started)}", stage.note))

    def cached(self, name: str) -> None:
        self.line(f"{name}: cached")

    def line(self, text: str) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()


class _Live:
    def __init__(self, bar: Progress) -> None:
        self._bar = bar

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        started = time.monotonic()
        task: TaskID = self._bar.add_task(name, total=None, count="", detail="")

        def tick(done: int, total: int, detail: str = "") -> None:
            count = f"{done}/{total}" if total else str(done)
            self._bar.update(task, completed=done, total=total or None, count=count, detail=detail)

        stage = Stage(name, tick)
        try:
            yield stage
        except BaseException:
            self._row("red", name, f"stopped after {spell_seconds(time.monotonic() - started)}")
            raise
        finally:
            self._bar.remove_task(task)
        self._row("green", name, _join(spell_seconds(time.monotonic() - started), stage.note))

    def cached(self, name: str) -> None:
        self._row("dim", name, "cached")

    def line(self, text: str) -> None:
        self._bar.console.print(text, markup=False)

    def _row(self, style: str, name: str, text: str) -> None:
        self._bar.console.print(f"{name:12}", style=style, end="", markup=False)
        self._bar.console.print(text, markup=False)


def _join(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
