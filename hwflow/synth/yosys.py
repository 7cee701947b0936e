# SPDX-License-Identifier: Apache-2.0
"""Synthesise designs with Yosys (`read_slang`, `synth_xilinx`) and keep what they cost, by content.

Yosys is a global in its process and ends it on errors, so it always runs in a child process, several designs at a time:
about four seconds of a session are the same for one design and for thirty. Among equally good netlists Yosys takes one
by the order in which names came up in its process, so the company of other designs can move a count of LUTs by a few
in a thousand, no more; the cache keeps what was found first.
"""

import hashlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Literal

from hwflow import verilog
from hwflow.errors import BuildFailed
from hwflow.files import publish
from hwflow.parallel import cores, local_pool
from hwflow.synth import primitives
from hwflow.synth.resources import Resources, count

Family = Literal["xc7", "xcup"]

_CHILD = Path(__file__).with_name("child.py")
_SLANG_FLAGS = (
    "-D HWF_YOSYS",
    "--ignore-timing",
    "--allow-use-before-declare",
    "--ignore-assertions",
    "--unroll-limit 1000000",
    "--diag-abs-paths",
)
_DEFINES: Mapping[Family, tuple[str, ...]] = {"xc7": (), "xcup": ("-D HWF_ULTRASCALE",)}
_UNITS_A_SESSION = 24


@dataclass(frozen=True)
class Job:
    """A design to synthesise: module `top` of `sources` with `parameters` (as in `hwflow.sim.verilate.build`).

    Files that `top` does not need cost nothing, and a source that models a cell of the vendor (LUT6) is not used.
    """

    top: str
    sources: tuple[Path, ...]
    parameters: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Unit:
    """A job made ready: `files` are what it needs, `cells` the vendor's cells that they name."""

    key: str
    top: str
    files: tuple[Path, ...]
    cells: str
    arguments: tuple[str, ...]
    weight: int


def synthesise(
    top: str,
    sources: Sequence[Path],
    parameters: Mapping[str, int | str] | None = None,
    family: Family = "xc7",
    cache: Path | None = None,
) -> Resources:
    """What module `top` takes on a 7-series ("xc7") or UltraScale+ ("xcup") device. See `synthesise_all`."""
    return synthesise_all({top: Job(top, tuple(sources), parameters or {})}, family=family, cache=cache)[top]


def synthesise_all(
    jobs: Mapping[str, Job],
    executor: Executor | None = None,
    *,
    family: Family = "xc7",
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Resources]:
    """What each job takes, by name. Jobs of equal content (whatever their top is called) are synthesised once.

    Results are kept in the folder `cache`; `progress` is called with the number of jobs done and of all jobs.
    Raises UserError for sources that cannot be read, BuildFailed with the first error of Yosys, naming the job.
    """
    designs = {shape: _read(*shape) for shape in {(job.top, job.sources) for job in jobs.values()}}
    units = {name: _prepare(job, designs[job.top, job.sources], family) for name, job in jobs.items()}
    names: dict[str, list[str]] = {}
    for name, unit in units.items():
        names.setdefault(unit.key, []).append(name)
    results: dict[str, Resources] = {}

    def finish(found: Mapping[str, Resources]) -> None:
        for key, resources in found.items():
            results.update(dict.fromkeys(names[key], resources))
        if progress is not None:
            progress(len(results), len(jobs))

    finish({key: resources for key in names if (resources := _recall(cache, key)) is not None})
    missing = [units[same[0]] for same in names.values() if same[0] not in results]
    with local_pool(executor, threads=True) as pool:
        sessions = [pool.submit(_session, tuple(group), family) for group in _groups(missing)]
        try:
            for session in as_completed(sessions):
                found: dict[str, Resources] = {}
                for key, outcome in session.result().items():
                    try:
                        if isinstance(outcome, str):
                            raise BuildFailed(outcome)
                        found[key] = count(outcome)
                    except BuildFailed as error:
                        raise BuildFailed(f"Yosys, {names[key][0]}: {error}") from None
                    _remember(cache, key, found[key])
                finish(found)
        finally:
            for session in sessions:
                session.cancel()
    return {name: results[name] for name in jobs}


class _SessionFailed(Exception):
    """Yosys ended with an error; `index` is that of the unit at fault, where that is known."""

    def __init__(self, message: str, index: int | None) -> None:
        super().__init__(message)
        self.index = index


@dataclass(frozen=True)
class _Design:
    """What a top needs of its sources: the files, their text without the top's name, the vendor's cells they name."""

    files: tuple[Path, ...]
    bodies: tuple[str, ...]
    cells: str


def _read(top: str, sources: tuple[Path, ...]) -> _Design:
    models = primitives.known()
    texts = {path: text for path, text in verilog.read_sources(sources).items() if not verilog.modules(text) & models}
    files = verilog.needed(top, texts)
    words = {word for path in files for word in re.findall(r"\w+", texts[path])}
    # The name of the top says nothing about its content, and differs between equal nodes.
    bodies = sorted(re.sub(rf"\b{re.escape(top)}\b", "TOP", texts[path]) for path in files)
    return _Design(tuple(path.resolve() for path in files), tuple(bodies), primitives.headers(words))


def _prepare(job: Job, design: _Design, family: Family) -> _Unit:
    arguments = tuple(f"{name}={verilog.literal(value)}" for name, value in sorted(job.parameters.items()))
    recipe = (metadata.version("pyosys"), family, *_SLANG_FLAGS, *_DEFINES[family], _CHILD.read_text(encoding="utf-8"))
    content = json.dumps([recipe, design.bodies, design.cells, arguments])
    key = hashlib.sha256(content.encode()).hexdigest()[:24]
    return _Unit(key, job.top, design.files, design.cells, arguments, len(content))


def _groups(units: Sequence[_Unit]) -> list[list[_Unit]]:
    """Sessions of units; the heavy ones (large constants) are spread over all, of which there are two or more."""
    number = min(len(units), cores() * -(-len(units) // (_UNITS_A_SESSION * cores())))
    by_weight = sorted(units, key=lambda unit: unit.weight, reverse=True)
    return [by_weight[first::number] for first in range(number)]


def _session(units: Sequence[_Unit], family: Family) -> dict[str, dict[str, int] | str]:
    """Cells by type of every unit, by key; a message for a unit that fails, and then for no other."""
    try:
        return dict(_call(units, family))
    except _SessionFailed as error:
        if error.index is not None:
            return {units[error.index].key: str(error)}
    found: dict[str, dict[str, int] | str] = {}
    for unit in units:  # one of them, or all together (memory): find out
        try:
            found.update(_call([unit], family))
        except _SessionFailed as error:
            return {unit.key: str(error)}
    return found


def _call(units: Sequence[_Unit], family: Family) -> dict[str, dict[str, int]]:
    with tempfile.TemporaryDirectory(prefix="hwflow-yosys-") as folder:
        names = [f"unit{index}" for index in range(len(units))]
        for name, unit in zip(names, units, strict=True):
            Path(folder, f"{name}.top").write_text(unit.top, encoding="utf-8")
            Path(folder, f"{name}.cells.sv").write_text(unit.cells, encoding="utf-8")
            words = [
                f"--top {unit.top}",
                *_SLANG_FLAGS,
                *_DEFINES[family],
                *(f"-G {_quoted(word)}" for word in unit.arguments),
            ]
            words += [*(_quoted(str(path)) for path in unit.files), f"{name}.cells.sv"]
            Path(folder, f"{name}.f").write_text("\n".join(words), encoding="utf-8")
        log = Path(folder, "log.txt")
        with log.open("wb") as stream:
            command = [sys.executable, "-I", str(_CHILD), family, *names]
            status = subprocess.run(
                command, cwd=folder, stdout=stream, stderr=subprocess.STDOUT, check=False
            ).returncode
        if status != 0:
            text = log.read_text(encoding="utf-8", errors="replace")
            raise _SessionFailed(first_error(text, status), 0 if len(units) == 1 else _unit_at_fault(text))
        cells: dict[str, dict[str, int]] = json.loads(Path(folder, "cells.json").read_text(encoding="utf-8"))
        return {unit.key: cells[name] for name, unit in zip(names, units, strict=True)}


def _quoted(word: str) -> str:
    """A word as slang's command files want it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _unit_at_fault(log: str) -> int | None:
    """The index of the unit that was being read when the session ended; None where that was over."""
    commands = re.findall(r"^-- Running command `(\w+)(?: -f unit(\d+)\.f)?", log, re.MULTILINE)
    return int(commands[-1][1]) if commands and commands[-1][0] == "read_slang" else None


def first_error(log: str, status: int) -> str:
    """The first error of Yosys or slang, in one line."""
    for line in log.splitlines():
        if "ERROR:" in line:
            return line.replace("ERROR: ", "", 1).strip()[:400]
    last = next((line for line in reversed(log.splitlines()) if line.strip()), "no message")
    return f"ended with status {status}: {last[:300]}"


def _recall(cache: Path | None, key: str) -> Resources | None:
    if cache is None:
        return None
    try:
        return count(json.loads((cache / f"{key}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None  # not there, or a file that somebody cut short: synthesise again


def _remember(cache: Path | None, key: str, resources: Resources) -> None:
    if cache is not None:
        cache.mkdir(parents=True, exist_ok=True)
        text = json.dumps(dict(resources.cells))
        publish(cache / f"{key}.json", lambda path: path.write_text(text, encoding="utf-8"))
