# SPDX-License-Identifier: Apache-2.0
"""Run a deploy folder's build.tcl with the user's own Vivado."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from hwflow.errors import BuildFailed, UserError

LOG = "vivado.log"
BITSTREAM = ("hwflow.bit", "hwflow.hwh")


def find_vivado() -> Path | None:
    """The `vivado` on PATH, or None."""
    found = shutil.which("vivado")
    return None if found is None else Path(found)


def run_vivado(folder: Path) -> tuple[str, ...]:
    """Make hwflow.bit and hwflow.hwh in `folder`, which `write_deploy` has filled; all output goes to vivado.log there.

    Returns what the script says of resources and timing, one line each. An old bitstream is gone where the run fails.
    Raises UserError where there is no Vivado, BuildFailed with Vivado's first error and the log's path.
    """
    vivado = find_vivado()
    if vivado is None:
        raise UserError("no vivado on PATH; install Vivado and put its bin folder on PATH, or run build.tcl elsewhere")
    for name in BITSTREAM:
        (folder / name).unlink(missing_ok=True)
    log = folder / LOG
    words = [str(vivado), "-mode", "batch", "-nojournal", "-nolog", "-source", "build.tcl"]
    with log.open("w") as stream:
        result = subprocess.run(words, cwd=folder, stdout=stream, stderr=subprocess.STDOUT, check=False)
    if result.returncode != 0 or not all((folder / name).is_file() for name in BITSTREAM):
        raise BuildFailed(f"Vivado: {_first_error(folder)} (see {log})")
    return tuple(line.removeprefix("hwflow: ") for line in _lines(log) if line.startswith("hwflow: "))


def _first_error(folder: Path) -> str:
    """The first error of a run inside the project, which is the cause, else of the script, else the last words."""
    logs = sorted((folder / "vivado").glob("*.runs/*/runme.log"), key=lambda path: path.stat().st_mtime)
    for log in (*logs, folder / LOG):
        for line in _lines(log):
            if line.startswith("ERROR"):
                return line
    return next((line for line in reversed(_lines(folder / LOG)) if line), "no message")


def _lines(log: Path) -> list[str]:
    return [line.strip() for line in log.read_text(errors="replace").splitlines()]
