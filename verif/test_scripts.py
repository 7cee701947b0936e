# SPDX-License-Identifier: Apache-2.0
"""Every script here still finds what it takes from hwflow: nobody runs them all, and types are checked in the package only."""

import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPTS = sorted(Path(__file__).parent.glob("*.py"))
TESTS = Path(__file__).resolve().parents[1] / "tests"


@pytest.mark.parametrize("script", [s for s in SCRIPTS if not s.name.startswith("test_")], ids=lambda path: path.stem)
def test_script_loads(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TESTS))
    spec = importlib.util.spec_from_file_location(f"script_{script.stem}", script)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    assert callable(module.main)
