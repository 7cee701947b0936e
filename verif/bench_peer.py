# SPDX-License-Identifier: Apache-2.0
"""Brevitas' CNV_1W1A as an accelerator, beside FINN's at the folding that FINN publishes for it.

    python verif/bench_peer.py [OUT]

builds it twice for the PYNQ-Z2 in OUT (default out/peer), simulates four frames of each and prints a table. `published` has
FINN's SIMD and PE in every layer but the last, where ten outputs do not divide by PE 4. `even` is
build/targets/cnv-1w1a-finn.yaml: two layers have twice the SIMD, so that none is slower than the first. The network
(brevitas_examples.bnn_pynq) is not trained; weights and normalisations are random, of both signs, as tests/peers.py draws
them. FINN's figures are its own, of the accelerator without shell, from Vivado; ours are Yosys's, before place and route.
Cycles: the steady distance of two simulated frames, and the slowest layer's bound.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import onnx
import yaml

from hwflow.report.files import read_report
from hwflow.report.schema import Report

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "build" / "targets" / "cnv-1w1a-finn.yaml"
PUBLISHED = {"linear_features_0_MatMul_output_0": 4, "linear_features_3_MatMul_output_0": 8}
"""SIMD of the layers that `even` changes."""
FRAMES = 4


@dataclass(frozen=True)
class Row:
    """A line of the table; cycles a frame, 0 where unknown."""

    name: str
    lut: int
    bram36: float
    cycles: int
    bound: int
    mismatches: str


FINN = Row("FINN (Vivado, published)", 21_135, 102.5, 0, 32_400, "")


def main(argv: list[str]) -> int:
    out = Path(argv[0]) if argv else Path("out/peer")
    out.mkdir(parents=True, exist_ok=True)
    network = out / "cnv_1w1a.onnx"
    sys.path.insert(0, str(ROOT / "tests"))
    import peers

    onnx.save(peers.exported(peers.example("cnv_1w1a"), peers.example_shape("cnv_1w1a")), network)
    rows = [FINN]
    for name, target in (("published", _as_published(out / "published.yaml")), ("even", TARGET)):
        command = [sys.executable, "-m", "hwflow.build", "--board", "pynq-z2", "--onnx", str(network)]
        command += ["--target", str(target), "--frames", str(FRAMES), "--out", str(out / name)]
        status = subprocess.run(command, check=False).returncode
        if status != 0:
            return status
        rows.append(_row(f"hwflow, {name}", read_report(out / name)))
    sys.stdout.write(_table(rows) + "\n")
    return 0


def _as_published(path: Path) -> Path:
    """The target file with FINN's SIMD throughout, and the rate that this allows."""
    target = yaml.safe_load(TARGET.read_text())
    for node, simd in PUBLISHED.items():
        target["nodes"][node]["SIMD"] = simd
    target["fps"] = 3000
    path.write_text(yaml.safe_dump(target, sort_keys=False))
    return path


def _row(name: str, report: Report) -> Row:
    used, speed, checked = report.resources, report.performance, report.verification
    compared = f"{checked.mismatches} of {checked.values:,} values in {checked.tensors} streams"
    return Row(name, used.lut, used.bram36, speed.cycles_per_frame, speed.bound_cycles, compared)


def _table(rows: list[Row]) -> str:
    lines = [f"{'CNV_1W1A':28}{'LUT':>8}{'of FINN':>9}{'BRAM36':>8}{'cycles':>8}{'bound':>8}  mismatches"]
    for row in rows:
        share = f"{row.lut / FINN.lut:.0%}"
        cycles = str(row.cycles or "-")
        lines.append(f"{row.name:28}{row.lut:8}{share:>9}{row.bram36:8.1f}{cycles:>8}{row.bound:8}  {row.mismatches}")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
