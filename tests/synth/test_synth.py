# SPDX-License-Identifier: Apache-2.0
"""What designs take: known designs, the counting rule, the company of other designs, the cache, and errors."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from hwflow.errors import BuildFailed, UserError
from hwflow.synth import primitives, yosys
from hwflow.synth.resources import Resources, count
from hwflow.synth.yosys import Job, synthesise, synthesise_all

RTL = Path(__file__).parent / "rtl"


def job(top: str, **parameters: int | str) -> Job:
    return Job(top, (RTL / f"{top}.sv",), parameters)


JOBS = {
    "adder": job("adder", WIDTH=16),
    "vendor": job("vendor"),
    "block": job("memory", DEPTH=1024, WIDTH=18),
    "two blocks": job("memory", DEPTH=2048, WIDTH=36),
    "distributed": job("memory", DEPTH=32, WIDTH=6, KIND="distributed"),
    "multiplier": job("multiplier"),
}


@pytest.fixture(scope="module")
def together() -> dict[str, Resources]:
    return synthesise_all(JOBS)


def figures(resources: Resources) -> tuple[int, int, float, int, int]:
    return resources.lut, resources.ff, resources.bram36, resources.uram, resources.dsp


def test_known_designs(together: dict[str, Resources]) -> None:
    assert {name: figures(resources) for name, resources in together.items()} == {
        "adder": (16, 16, 0.0, 0, 0),
        "vendor": (4 + 1 + 4 + 1, 0, 0.0, 0, 0),
        "block": (0, 0, 0.5, 0, 0),
        "two blocks": (0, 0, 2.0, 0, 0),
        "distributed": (4, 0, 0.0, 0, 0),
        "multiplier": (0, 0, 0.0, 0, 1),
    }
    vendor = together["vendor"].cells
    assert vendor == {"LUT6": 4, "LUT6_2": 1, "MUXF7": 2, "MUXF8": 1, "RAM32M": 1, "SRLC32E": 1}
    assert together["distributed"].cells == {"RAM32M": 1}


PLAIN = """
import json
from pyosys import libyosys as ys
design = ys.Design()
for line in {script!r}:
    ys.run_pass(line, design)
"""


def plain_cells(
    tmp_path: Path, top: str, source: Path, cells: str, parameters: Mapping[str, int | str]
) -> dict[str, int]:
    """A user's own way: one design, read_slang and synth_xilinx as it is."""
    (tmp_path / "cells.sv").write_text(cells)
    settings = " ".join(f"-G {name}={value}" for name, value in parameters.items())
    script = [
        f"read_slang --top {top} {settings} {source} {tmp_path}/cells.sv",
        "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf",
        f"tee -q -o {tmp_path}/stat.json stat -json",
    ]
    subprocess.run([sys.executable, "-c", PLAIN.format(script=script)], check=True, stdout=subprocess.DEVNULL)
    cells_by_type: dict[str, int] = json.loads((tmp_path / "stat.json").read_text())["design"]["num_cells_by_type"]
    return cells_by_type


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adder", "vendor", "two blocks", "multiplier"])
def test_company_changes_nothing(together: dict[str, Resources], tmp_path: Path, name: str) -> None:
    cells = primitives.headers(["LUT6", "LUT6_2", "MUXF7", "MUXF8", "RAM32M", "SRLC32E"]) if name == "vendor" else ""
    expected = plain_cells(tmp_path, JOBS[name].top, JOBS[name].sources[0], cells, JOBS[name].parameters)
    assert together[name].cells == expected


@pytest.mark.slow
def test_ultrascale() -> None:
    jobs = {
        **JOBS,
        "ultra": job("memory", DEPTH=4096, WIDTH=72, KIND="ultra"),
        "64 deep": job("memory", DEPTH=64, WIDTH=6, KIND="distributed"),
    }
    resources = synthesise_all(jobs, family="xcup")
    # Yosys 0.70 packs registers into the DSP slices of 7 series only.
    assert resources["multiplier"].cells == {"DSP48E2": 1, "FDRE": 32}
    assert figures(resources["adder"]) == (16, 16, 0.0, 0, 0)
    assert resources["vendor"].cells == {"LUT6": 4, "LUT6_2": 1, "MUXF7": 2, "MUXF8": 1, "RAM32M": 1, "SRLC32E": 1}
    # All eight LUTs of a slice share their write address, so a small memory takes a whole slice.
    cells = {name: (dict(resources[name].cells), figures(resources[name])) for name in jobs}
    assert cells["block"] == ({"RAMB18E2": 1}, (0, 0, 0.5, 0, 0))
    assert cells["two blocks"] == ({"RAMB36E2": 2}, (0, 0, 2.0, 0, 0))
    assert cells["distributed"] == ({"RAM32M16": 1}, (8, 0, 0.0, 0, 0))
    assert cells["64 deep"] == ({"RAM64M8": 1}, (8, 0, 0.0, 0, 0))
    assert cells["ultra"] == ({"URAM288": 1}, (0, 0, 0.0, 1, 0))


def test_the_counting_rule() -> None:
    cells = {
        "LUT1": 1,
        "LUT2": 2,
        "LUT6": 3,
        "INV": 9,
        "RAM32M": 2,
        "RAM64M": 1,
        "RAM32X1D": 1,
        "SRL16E": 1,
        "CARRY4": 9,
    }
    cells |= {"FDRE": 4, "FDSE_1": 1, "LDCE": 1, "RAMB18E1": 3, "RAMB36E1": 1, "DSP48E1": 2, "URAM288": 1, "MUXF7": 9}
    resources = count(cells)
    assert figures(resources) == (1 + 2 + 3 + 8 + 4 + 2 + 1, 6, 2.5, 1, 2)
    doubled = resources + resources
    assert figures(doubled) == (42, 12, 5.0, 2, 4) and doubled.cells["LUT6"] == 6
    with pytest.raises(BuildFailed, match=r"cannot count: \$mem_v2, DSP99"):
        count({"LUT6": 1, "DSP99": 1, "$mem_v2": 1})


def test_all_vendor_headers_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "cells.sv").write_text(primitives.headers(primitives.known()))
    (tmp_path / "top.sv").write_text("module top(input logic a, output logic b);\n  assign b = a;\nendmodule\n")
    script = [f"read_slang --top top {tmp_path}/top.sv {tmp_path}/cells.sv"]
    subprocess.run([sys.executable, "-c", PLAIN.format(script=script)], check=True, stdout=subprocess.DEVNULL)
    assert {"LUT6", "RAM32M", "SRL16E", "DSP48E1", "DSP48E2", "RAMB36E2", "URAM288"} <= primitives.known()


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many units each session had, without running Yosys."""
    sizes: list[int] = []

    def call(units: tuple[yosys._Unit, ...], family: str) -> dict[str, dict[str, int]]:
        sizes.append(len(units))
        return {unit.key: {"LUT6": len(unit.arguments) + 1} for unit in units}

    monkeypatch.setattr(yosys, "_call", call)
    return sizes


def test_equal_designs_are_synthesised_once(sessions: list[int], tmp_path: Path) -> None:
    text = (RTL / "adder.sv").read_text()
    jobs = {}
    for name in ("node_1", "node_2", "node_30"):
        (tmp_path / f"{name}.sv").write_text(
            f"// {name} has a comment of its own\n{text.replace('module adder', f'module {name}')}"
        )
        jobs[name] = Job(name, (tmp_path / f"{name}.sv", RTL / "memory.sv"), {"WIDTH": 8})
    jobs["other"] = Job("node_1", (tmp_path / "node_1.sv",), {"WIDTH": 9})
    seen: list[tuple[int, int]] = []
    resources = synthesise_all(jobs, progress=lambda done, of: seen.append((done, of)))
    assert sum(sessions) == 2
    assert list(resources) == list(jobs)
    assert seen[0] == (0, 4) and seen[-1] == (4, 4)
    (tmp_path / "node_2.sv").write_text(text.replace("module adder", "module node_2").replace("a + b", "a - b"))
    synthesise_all(jobs)
    assert sum(sessions) == 2 + 3


def test_the_cache(sessions: list[int], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = synthesise_all({"a": JOBS["adder"]}, cache=cache)
    assert synthesise("adder", [RTL / "adder.sv"], {"WIDTH": 16}, cache=cache) == first["a"]
    assert sum(sessions) == 1
    synthesise("adder", [RTL / "adder.sv"], {"WIDTH": 16}, family="xcup", cache=cache)
    assert sum(sessions) == 2
    for file in cache.iterdir():
        file.write_text(file.read_text()[:5])  # as if cut short
    assert synthesise("adder", [RTL / "adder.sv"], {"WIDTH": 16}, cache=cache) == first["a"]
    assert sum(sessions) == 3
    assert not [path for path in cache.iterdir() if path.suffix != ".json"]


def test_a_bad_design_is_named(tmp_path: Path) -> None:
    jobs = {"good": JOBS["adder"], "bad": job("adder", WIDTH=0), "fine": JOBS["multiplier"]}
    with pytest.raises(BuildFailed, match=r"^Yosys, bad: .*/adder\.sv:\d+: .*adder.*: WIDTH=0 must be at least 1$"):
        synthesise_all(jobs)
    source = tmp_path / "unfinished.sv"
    source.write_text("module unfinished(input logic a, output logic b);\n  missing m(a, b);\nendmodule\n")
    with pytest.raises(BuildFailed, match=r"^Yosys, unfinished: .*/unfinished\.sv:2: unknown module 'missing'$"):
        synthesise("unfinished", [source])
    with pytest.raises(UserError, match=r"gone\.sv: No such file or directory; "):
        synthesise("gone", [RTL / "gone.sv"])


def test_a_session_that_dies_is_tried_one_by_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    child = tmp_path / "child.py"
    child.write_text(
        "import json, os, signal, sys\n"
        "from pathlib import Path\n"
        "units = sys.argv[2:]\n"
        "if len(units) > 1 or Path('unit0.top').read_text() == 'vendor' and LOST:\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "Path('cells.json').write_text(json.dumps({unit: {'LUT6': 7} for unit in units}))\n".replace("LOST", "False")
    )
    monkeypatch.setattr(yosys, "_CHILD", child)
    assert {resources.lut for resources in synthesise_all(JOBS).values()} == {7}
    child.write_text(child.read_text().replace("False", "True"))
    with pytest.raises(BuildFailed, match=r"^Yosys, vendor: ended with status -9: no message$"):
        synthesise_all(JOBS)
