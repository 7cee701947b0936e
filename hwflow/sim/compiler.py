# SPDX-License-Identifier: Apache-2.0
"""The C++ compiler that turns a Verilated model into a shared library: the machine's own, or PyPI's ziglang."""

import functools
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from hwflow.errors import BuildFailed, UserError
from hwflow.files import publish


@dataclass(frozen=True)
class Compiler:
    """A C++ compiler: the words that start its command, and its version line (part of what a cache key is made of)."""

    command: tuple[str, ...]
    version: str

    @property
    def is_gcc(self) -> bool:
        return "clang" not in self.version


@functools.cache
def find_compiler() -> Compiler:
    """`$CXX`, else g++, c++ or clang++, else ziglang's. Raises UserError where there is none."""
    named = os.environ.get("CXX")
    candidates = [named] if named else ["g++", "c++", "clang++"]
    for candidate in candidates:
        if found := shutil.which(candidate):
            return _with_version((found,))
    if importlib.util.find_spec("ziglang") is not None:
        return _with_version((sys.executable, "-m", "ziglang", "c++"))
    wanted = f"CXX={named} is not a command" if named else "no C++ compiler found"
    raise UserError(f"{wanted}: install g++ (apt-get install g++) or PyPI's compiler (pip install 'hwflow[ziglang]')")


def _with_version(command: tuple[str, ...]) -> Compiler:
    result = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise UserError(f"{' '.join(command)} does not run ({_first_line(result.stderr)}): set CXX to a C++20 compiler")
    return Compiler(command, result.stdout.splitlines()[0])


@dataclass(frozen=True)
class Unit:
    """One file to compile: `flags` come on top of the common ones."""

    source: Path
    flags: tuple[str, ...]
    target: Path


def compile_all(compiler: Compiler, units: Sequence[Unit], jobs: int) -> None:
    """Compile every unit that has no target yet, `jobs` at a time; a target appears whole or not at all."""

    def compile_one(unit: Unit) -> None:
        words = [*compiler.command, *unit.flags, "-c", str(unit.source)]
        publish(unit.target, lambda path: _call([*words, "-o", str(path)]))

    missing = [unit for unit in units if not unit.target.exists()]
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        for _ in pool.map(compile_one, missing):
            pass


def link_shared(compiler: Compiler, objects: Sequence[Path], target: Path) -> None:
    """Link a shared library; it appears whole or not at all. Undefined symbols are an error here, not at load."""
    words = [*compiler.command, "-shared", "-fPIC", *(str(o) for o in objects), "-lpthread", "-Wl,-z,defs"]
    publish(target, lambda path: _call([*words, "-o", str(path)]))


def _call(words: Sequence[str]) -> None:
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        errors = [line for line in result.stderr.splitlines() if "error:" in line]
        raise BuildFailed(f"{Path(words[0]).name}: {errors[0] if errors else _first_line(result.stderr)}")


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "no message")
