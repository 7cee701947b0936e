# SPDX-License-Identifier: Apache-2.0
"""Prove the assertions of a SystemVerilog module for all inputs and all times, with Yosys and ABC from PyPI's pyosys.

Yosys turns the design into an and-inverter graph with one "bad state" output an assertion; ABC proves that no bad state
is ever reached (property-directed reachability or k-induction), or finds how to reach one. Registers without an initial value
start at any value.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from hwflow import verilog

Engine = Literal["pdr", "induction"]

_CHILD = Path(__file__).with_name("child.py")
_LIMIT_S = 600
_START_CYCLES = 16


class ProofError(Exception):
    """There is no answer: the design was refused, it has no assertions, or the engine gave up."""


@dataclass(frozen=True)
class Proof:
    """`broken` names an assertion that can fail; None: all hold, always."""

    properties: int
    broken: str | None

    @property
    def holds(self) -> bool:
        return self.broken is None


def prove(
    top: str, sources: Sequence[Path], parameters: Mapping[str, int | str] | None = None, *, engine: Engine = "pdr"
) -> Proof:
    """Prove every assertion of module `top` and of all below it.

    "induction" is for modules whose assertions together make each cycle follow from the ones before: it is much faster
    where counters run long, and undecided where they do not.

    Raises ProofError for a design that Yosys refuses, for one without assertions (a proof of nothing), and where ABC
    finds neither a proof nor a counterexample.
    """
    with tempfile.TemporaryDirectory(prefix="hwflow-proof-") as folder:
        names = _aiger(top, sources, parameters or {}, Path(folder))
        if not names:
            raise ProofError(f"{top} has no assertions: nothing would be proven")
        return Proof(len(names), _abc(top, names, engine, Path(folder)))


def _aiger(top: str, sources: Sequence[Path], parameters: Mapping[str, int | str], folder: Path) -> list[str]:
    """Write design.aig; returns the assertions' names, in the order of its outputs."""
    arguments = [f"--top {top}", *(f"-G {_quoted(f'{k}={verilog.literal(v)}')}" for k, v in parameters.items())]
    arguments += [_quoted(str(source.resolve())) for source in sources]
    (folder / "design.f").write_text("\n".join(arguments))
    log = folder / "yosys.log"
    with log.open("wb") as stream:
        result = subprocess.run(
            [sys.executable, "-I", str(_CHILD)], cwd=folder, stdout=stream, stderr=subprocess.STDOUT, check=False
        )
    text = log.read_text(errors="replace")
    if result.returncode != 0:
        errors = [line for line in text.splitlines() if "ERROR:" in line] or text.splitlines()[-1:]
        raise ProofError(f"{top}: {' / '.join(errors[:3])}")
    asserts = json.loads((folder / "design.json").read_text())["asserts"]
    # The header of an AIGER file counts its parts; the 7th number is that of bad states.
    header = (folder / "design.aig").open("rb").readline().split()
    bad = int(header[6]) if len(header) > 6 else 0
    if bad != len(asserts):
        raise ProofError(f"{top}: {len(asserts)} assertions, but {bad} bad states in the AIGER file")
    return [".".join(part.lstrip("\\") for part in path) for path in asserts]


def _abc(top: str, names: Sequence[str], engine: Engine, folder: Path) -> str | None:
    """The name of an assertion that can fail, or None where all hold."""
    spec = find_spec("pyosys")
    assert spec is not None and spec.submodule_search_locations
    program = Path(spec.submodule_search_locations[0]) / "yosys-abc"
    # ABC's `ind` is the step of the induction alone; its start is that nothing fails in the first cycles, which bmc3 shows.
    # pdr and bmc3 name the first output that can be asserted; ind wants a single output.
    steps = "pdr" if engine == "pdr" else f"bmc3 -F {_START_CYCLES}; orpos; ind -F {_START_CYCLES // 2}"
    command = [str(program), "-c", f"read_aiger design.aig; fold; strash; {steps}"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=_LIMIT_S)

    def said(pattern: str) -> re.Match[str] | None:
        return re.search(f"^{pattern}", result.stdout, re.MULTILINE)

    if found := said(r"Output (\d+) of miter .* was asserted in frame"):
        return names[int(found.group(1))]
    if engine == "pdr" and said(r"Property proved\."):
        return None
    if said(rf"No output asserted in {_START_CYCLES} frames") and said(r"Networks are equivalent\b"):
        return None
    raise ProofError(f"{top}: ABC ({steps}) ended undecided: {' '.join(result.stdout.split()[-40:])}")


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
