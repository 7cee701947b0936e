# SPDX-License-Identifier: Apache-2.0
"""The doctor: finds what is here, names what is not, and says whether a build can run."""

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import pytest

from hwflow import doctor
from hwflow.doctor import Check, can_build, check_all, main, requirements
from hwflow.errors import UserError
from hwflow.sim import compiler, verilate


def _named(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_a_machine_that_runs_these_tests_can_build(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert "hwflow build can run here." in printed
    for name in ("Python", "torch", "Verilator", "C++ compiler", "yosys-abc", "Vivado", "memory"):
        assert name in printed


def test_json_tells_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["can_build"] is True
    by_name = {check["name"]: check for check in found["checks"]}
    assert by_name["torch"]["found"] == importlib.metadata.version("torch")
    assert by_name["Vivado"]["required"] is False
    assert all(check["good"] for check in found["checks"] if check["required"])


def test_every_absence_has_a_remedy_and_an_optional_one_says_what_it_turns_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    for name, check in _named(list(check_all())).items():
        assert check.good or check.remedy, name
        assert check.good or check.required or check.without, name


def test_a_missing_program_turns_its_feature_off_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "vivado").write_text("#!/bin/sh\n")
    (tmp_path / "vivado").chmod(0o755)
    monkeypatch.setattr(doctor.shutil, "which", lambda command: None)
    absent = doctor._program("Vivado", ("vivado",), "no bitstream", "get it")
    assert (absent.good, absent.required) == (False, False)
    assert can_build([absent])
    monkeypatch.undo()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor._program("Vivado", ("vivado",), "", "").found == str(tmp_path / "vivado")


def test_packages_are_those_of_the_project_with_their_pins() -> None:
    needed = requirements()
    assert needed["torch"] == "2.12.1"
    assert needed["numpy"] == ""
    assert "pytest" not in needed
    assert "ziglang" not in needed


def test_a_wrong_or_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"torch": "2.13.0", "brevitas": "0.13.0", "onnx": "1.21.0+local"}

    def version(name: str) -> str:
        if name not in versions:
            raise importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(importlib.metadata, "version", version)
    needed = {"torch": "2.12.1", "brevitas": "0.13.0", "onnx": "1.21.0", "qonnx": "1.0.0", "rich": ""}
    found = _named(list(doctor._packages(needed)))
    assert (found["torch"].problem, found["torch"].remedy) == ("hwflow needs 2.12.1", "pip install 'torch==2.12.1'")
    assert (found["qonnx"].problem, found["qonnx"].remedy) == ("not installed", "pip install 'qonnx==1.0.0'")
    assert found["rich"].remedy == "pip install rich"
    assert found["brevitas"].good
    assert found["onnx"].good
    assert not can_build(found.values())


def test_without_a_compiler_nothing_is_built(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none() -> compiler.Compiler:
        raise UserError("no C++ compiler found: install g++ (apt-get install g++) or PyPI's compiler")

    monkeypatch.setattr(compiler, "find_compiler", none)
    assert main([]) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "missing C++ compiler no C++ compiler found. To mend: apt-get install g++" in printed
    assert "hwflow build cannot run here: C++ compiler." in printed


def test_a_compiler_that_is_too_old_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "c++"
    old.write_text("#!/bin/sh\necho 'error: unrecognized option -std=c++20' >&2\nexit 1\n")
    old.chmod(0o755)
    monkeypatch.setattr(compiler, "find_compiler", lambda: compiler.Compiler((str(old),), "old 1.0"))
    assert doctor._compiler().problem == "error: unrecognized option -std=c++20"


def test_a_verilator_that_does_not_start_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setattr(verilate, "verilator_root", lambda: tmp_path)
    assert "No such file" in doctor._verilator().problem
    program = tmp_path / "bin" / "verilator_bin"
    program.write_text("#!/bin/sh\nexit 127\n")
    program.chmod(0o755)
    assert doctor._verilator().problem == "ends with 127"


def test_a_program_that_hangs_is_told_from_one_that_fails() -> None:
    def hang() -> str:
        raise subprocess.TimeoutExpired("yosys", 120)

    assert doctor._tried("Yosys", hang, "reinstall").problem == "no answer in 120 seconds"


def test_little_memory_or_disk_is_a_warning_not_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.os, "sysconf", {"SC_PHYS_PAGES": 2**18, "SC_PAGE_SIZE": 2**12}.__getitem__)
    memory = doctor._memory()
    assert (memory.found, memory.problem, memory.required) == ("1.0 GiB", "less than 4 GiB", False)


def test_it_answers_without_loading_what_is_heavy() -> None:
    script = (
        "import sys; from hwflow.doctor import main; code = main([]);"
        "assert not {'torch', 'finn', 'brevitas'} & set(sys.modules); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
