# SPDX-License-Identifier: Apache-2.0
"""report.json from the artefacts of a build: every node counted once, in its block, beside what the solver predicted."""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from networks import small_case
from qonnx.core.modelwrapper import ModelWrapper

from hwflow.compile.assemble import assemble
from hwflow.compile.fold import Folding
from hwflow.compile.generate import GRAPH_FILE
from hwflow.compile.map import to_dataflow
from hwflow.errors import UserError
from hwflow.flow.plan import Plan
from hwflow.flow.reporting import write_reports
from hwflow.report.files import read_report
from hwflow.report.schema import Report
from hwflow.sim.check import Verdict
from hwflow.sim.sizing import FifoSize, Sizing
from hwflow.synth.resources import Resources

SOLUTION = {
    "prediction": {"lut": 20, "ff": 10, "bram36": 1.5, "uram": 0, "dsp": 0},
    "binds": "bram36",
    "curve": [
        {"fps": 30.0, "cycles": 3266666, "bound_cycles": 3200000, "lut": 20, "fits": True, "label": "30"},
    ],
    "next_step": {"fps": 231.0, "bound_cycles": 423000, "lut": 310, "nodes": ["stem_conv"]},
}


@pytest.fixture(scope="module")
def design() -> ModelWrapper:
    return assemble(to_dataflow(small_case().model), Folding(1, {}))


def _build(design: ModelWrapper, folder: Path, lut: int = 3) -> Plan:
    """A build folder as the stages leave it; node number n costs n LUTs more than `lut`."""
    (folder / "rtl").mkdir(parents=True)
    design.save(str(folder / "rtl" / GRAPH_FILE))
    names = [node.name for node in design.graph.node]
    costs = {name: asdict(Resources(lut=lut + n, ff=n, bram36=n % 2 / 2)) for n, name in enumerate(names)}
    (folder / "resources.json").write_text(json.dumps(costs))
    fifos = tuple(FifoSize(n, 8, 1, 2) for n in names if n.endswith("_fifo"))
    (folder / "fifo.yaml").write_text(Sizing(100, 100, fifos).to_yaml())
    verdict = Verdict(
        frames=2, tensors=0, values=0, mismatches=0, labels_equal=True, cycles_per_frame=70_000, bound_cycles=69_000,
        latency_cycles=9, runs=(), streams=(), differences=(), problems=(), trace=None,
    )  # fmt: skip
    (folder / "verify.json").write_text(json.dumps(verdict.to_json()))
    np.save(folder / "frames.npy", np.zeros((2, 1, 16, 16), np.uint8))
    return Plan(
        model="small", recipe="", onnx=None, board="pynq-z2", clock_mhz=100.0, fps=200.0, frames=2, images=None,
        target=None, out=str(folder),
    )  # fmt: skip


def _total(report: Report) -> tuple[float, ...]:
    return tuple(getattr(report.resources, key) for key in ("lut", "ff", "bram36", "uram", "dsp"))


def test_blocks_and_predictions_reach_the_file(design: ModelWrapper, tmp_path: Path) -> None:
    plan = _build(design, tmp_path)
    (tmp_path / "solution.json").write_text(json.dumps(SOLUTION))
    written = write_reports(plan, tmp_path, ())
    report = read_report(tmp_path)
    assert report == written
    groups = report.resources.by_group
    assert [group.group for group in groups] == ["stem", "stage2", "head"]
    assert Counter(layer.group for layer in report.layers) == {group.group: group.count for group in groups}
    assert tuple(sum(getattr(g, k) for g in groups) for k in ("lut", "ff", "bram36", "uram", "dsp")) == _total(report)
    assert sum(group.count for group in groups) == len(design.graph.node)
    where = {layer.name: layer.group for layer in report.layers}
    assert where["input_fifo"] == where["stem_conv"] == "stem"
    assert where["label"] == where["label_fifo"] == where["head_conv"] == "head"
    drawn = {node.name: node.group for node in report.graph.nodes}
    assert drawn["stage2_0_right_conv1_conv"] == "stage2.0"
    assert (report.resources.predicted, report.resources.binds) != (None, "")
    assert report.resources.predicted is not None
    assert report.resources.predicted.model_dump() == SOLUTION["prediction"]
    assert [point.label for point in report.curve] == ["30"]
    assert report.next_step is not None
    assert report.next_step.nodes == ("stem_conv",)
    assert report.advice == ()
    assert "this build: " in (tmp_path / "report.html").read_text()


def test_each_node_knows_its_highest_folding(design: ModelWrapper, tmp_path: Path) -> None:
    report = write_reports(_build(design, tmp_path), tmp_path, ())
    layers = {layer.name: layer for layer in report.layers}
    unit = layers["stage2_0_right_conv2_conv"]  # 3x3, four channels in and out
    assert (unit.pe, unit.simd) == (1, 1)
    assert unit.fastest_cycles is not None
    assert unit.cycles == 4 * (9 * 4) * unit.fastest_cycles
    assert layers["input_fifo"].fastest_cycles == layers["input_fifo"].cycles  # nothing to fold


def test_a_build_without_a_solution_still_reports(design: ModelWrapper, tmp_path: Path) -> None:
    report = write_reports(_build(design, tmp_path), tmp_path, ())
    assert report.resources.predicted is None
    assert (report.resources.binds, report.curve, report.next_step) == ("", (), None)
    assert "Speed against resources" not in (tmp_path / "report.html").read_text()


def test_a_design_that_does_not_fit_gets_advice(design: ModelWrapper, tmp_path: Path) -> None:
    plan = _build(design, tmp_path, lut=2000)
    (tmp_path / "solution.json").write_text(json.dumps(SOLUTION))
    report = write_reports(plan, tmp_path, ())
    assert not report.resources.fits
    assert "the blocks stage2 (" in report.advice[0]
    assert report.advice[1].startswith("No speed of the curve would fit: --fps 30 takes 20 LUT predicted, ")


def test_a_broken_solution_is_named(design: ModelWrapper, tmp_path: Path) -> None:
    plan = _build(design, tmp_path)
    (tmp_path / "solution.json").write_text('{"prediction": 7}')
    with pytest.raises(UserError, match=r"solution\.json: prediction: .*run hwflow build again"):
        write_reports(plan, tmp_path, ())
    assert not (tmp_path / "report.json").exists()
