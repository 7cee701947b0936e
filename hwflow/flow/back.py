# SPDX-License-Identifier: Apache-2.0
"""The stages from the folded graph to what was measured and what is deployed: generate to deploy."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from qonnx.core.modelwrapper import ModelWrapper

from hwflow.boards import Board
from hwflow.cache import cache_root
from hwflow.compile.assemble import assemble
from hwflow.compile.fold import Folding
from hwflow.compile.generate import DEPTHS_FILE, write_depths, write_rtl
from hwflow.compile.integers import Integers
from hwflow.compile.streamline import integer_facts
from hwflow.deploy.shell import shell_of
from hwflow.deploy.write import Samples, write_deploy
from hwflow.errors import UserError
from hwflow.files import publish
from hwflow.flow.front import DATAFLOW, FOLDING, FRAMES, QONNX, STREAMLINED, load_network, load_qonnx
from hwflow.flow.plan import Plan
from hwflow.flow.readback import rtl_differences
from hwflow.sim.check import SHOWN, Verdict, check
from hwflow.sim.design import load_design
from hwflow.sim.expected import expected_streams
from hwflow.sim.reference import reference_tensors
from hwflow.sim.sizing import Sizing, allowed_cycles, size_fifos
from hwflow.synth.operators import node_jobs
from hwflow.synth.resources import Resources as Cost
from hwflow.synth.yosys import synthesise_all

RTL = "rtl"
FIFO = "fifo.yaml"
VERIFY = "verify.json"
TRACE = "mismatch.vcd"
RESOURCES = "resources.json"
DEPLOY = "deploy"
BOARD_CHECK_FRAMES = 4
NO_PROCESSOR = """# No driver for this part

{part} has no processing system for a PYNQ driver to run on. Add the SystemVerilog in `../rtl` to a design of your own:
the module `accelerator` takes pixels on the AXI stream `in0_V` and gives its result on `out0_V`.
"""
Progress = Callable[[int, int], None]


def generate(folder: Path, into: Path) -> None:
    """3-dataflow.onnx and folding.yaml -> rtl/ (written to `into`)"""
    folding = Folding.from_yaml((folder / FOLDING).read_text())
    write_rtl(assemble(ModelWrapper(str(folder / DATAFLOW)), folding), into)


def require(folder: Path) -> None:
    """Raises UserError where the folder lacks what a verification reads."""
    for name in (QONNX, STREAMLINED, FRAMES, RTL, FIFO):
        if not (folder / name).exists():
            raise UserError(f"{folder / name}: no such file; run hwflow build up to the stage fifo first")


def load_frames(folder: Path) -> Integers:
    """frames.npy as int64 (N, C, H, W)"""
    frames: Integers = np.load(folder / FRAMES, allow_pickle=False).astype(np.int64)
    return frames


def size(folder: Path, progress: Progress | None = None) -> Sizing:
    """rtl/ -> fifo.yaml and rtl/fifo_depths.sv"""
    sizing = size_fifos(folder / RTL, load_design(folder / RTL), cache_root() / "sim", progress)
    write_depths(folder / RTL, sizing.depths)
    publish(folder / FIFO, lambda path: path.write_text(sizing.to_yaml()))
    return sizing


def verify(plan: Plan, folder: Path, progress: Progress | None = None) -> Verdict:
    """rtl/ against PyTorch -> verify.json; a difference is in the verdict, not raised"""
    design = load_design(folder / RTL)
    facts = integer_facts(ModelWrapper(str(folder / STREAMLINED)))
    frames = load_frames(folder)
    tensors = reference_tensors(load_qonnx(folder / QONNX), facts, frames, load_network(plan))
    (folder / TRACE).unlink(missing_ok=True)
    verdict = check(folder / RTL, design, frames, tensors, cache_root() / "sim", folder / TRACE, progress)
    folding = Folding.from_yaml((folder / FOLDING).read_text())
    wrong = rtl_differences(ModelWrapper(str(folder / DATAFLOW)), folding, folder / RTL)
    problems = (*verdict.problems, *wrong[:SHOWN], *_lost_throughput(verdict, read_sizing(folder)))
    verdict = replace(verdict, problems=problems)
    publish(folder / VERIFY, lambda path: path.write_text(json.dumps(verdict.to_json(), indent=1) + "\n"))
    return verdict


def _lost_throughput(verdict: Verdict, sizing: Sizing) -> list[str]:
    """What the FIFOs of the RTL cost in the run without stalls, where it is more than sizing allows."""
    if verdict.cycles_per_frame <= allowed_cycles(sizing.elastic_cycles):
        return []
    return [
        f"run free: {verdict.cycles_per_frame} cycles a frame, {sizing.elastic_cycles} with FIFOs that never fill:"
        f" the depths in {RTL}/{DEPTHS_FILE} cost throughput"
    ]


def read_verdict(folder: Path) -> Verdict:
    return Verdict.from_json(json.loads((folder / VERIFY).read_text()))


def synthesise(board: Board, folder: Path, progress: Progress | None = None) -> None:
    """rtl/ and fifo.yaml -> resources.json, node by node"""
    design = load_design(folder / RTL)
    jobs = node_jobs(design, design.graph.node, read_sizing(folder).depths)
    costs = synthesise_all(jobs, family=board.family, cache=cache_root() / "synth", progress=progress)
    text = json.dumps({name: asdict(cost) for name, cost in costs.items()}, indent=1)
    publish(folder / RESOURCES, lambda path: path.write_text(text + "\n"))


def read_costs(folder: Path) -> dict[str, Cost]:
    return {name: Cost(**raw) for name, raw in json.loads((folder / RESOURCES).read_text()).items()}


def read_sizing(folder: Path) -> Sizing:
    return Sizing.from_yaml((folder / FIFO).read_text())


def deploy(plan: Plan, folder: Path, into: Path) -> None:
    """rtl/ and frames.npy -> deploy/ (written to `into`): Vivado script, PYNQ driver, frames to check the board with

    A board without a processing system gets none of this.
    """
    board = plan.find_board()
    if shell_of(board.part) is None:
        into.mkdir()
        (into / "README.md").write_text(NO_PROCESSOR.format(part=board.part))
        return
    design = load_design(folder / RTL)
    frames = load_frames(folder)[:BOARD_CHECK_FRAMES]
    facts = integer_facts(ModelWrapper(str(folder / STREAMLINED)))
    tensors = reference_tensors(load_qonnx(folder / QONNX), facts, frames, load_network(plan))
    outputs = expected_streams(design, tensors)[-1].values
    found = plan.find_recipe()
    write_deploy(
        design,
        board,
        into,
        rtl=folder / RTL,
        name=Path(plan.model).name,
        clock_mhz=plan.clock_mhz,
        classes=() if found is None else found.recipe.classes,
        samples=Samples(frames, outputs),
    )
