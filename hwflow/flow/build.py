# SPDX-License-Identifier: Apache-2.0
"""All stages in order, each skipped where nothing that it reads has changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hwflow.cli.progress import Stage, StageProgress
from hwflow.compile.generate import DEPTHS_FILE, GRAPH_FILE
from hwflow.deploy.vivado import find_vivado, run_vivado
from hwflow.deploy.write import SCRIPT
from hwflow.errors import BuildFailed
from hwflow.files import publish
from hwflow.flow import STAGES, back, front
from hwflow.flow.plan import FILE_NAME, Plan
from hwflow.flow.reporting import write_reports
from hwflow.flow.stages import BuildFolder, hash_of
from hwflow.report.schema import Report
from hwflow.sim.check import raise_unless_exact

VERIFIED = (front.QONNX, front.STREAMLINED, front.DATAFLOW, front.FOLDING, front.FRAMES)


def build(plan: Plan, until: str, progress: StageProgress) -> Report | None:
    """Run the stages up to and with `until`; the report, or None where it was not asked for.

    Raises UserError for input that cannot be built, which leaves the folder as it was. A mismatch does not stop the
    stages behind it: see `judge`.
    """
    stages = STAGES[: STAGES.index(until) + 1]
    with front.front_folder(plan.folder) as scratch:
        first = _Runner(plan, BuildFolder(scratch), stages, progress)
        _front(first)
        publish(scratch / FILE_NAME, lambda path: path.write_text(plan.to_json()))
    runner = _Runner(plan, BuildFolder(plan.folder), stages, progress)
    runner.folder.runs = first.folder.runs
    return _back(runner)


def judge(report: Report, folder: Path) -> None:
    """Raises BuildFailed for the first mismatch, or where the design does not fit or is too slow."""
    raise_unless_exact(back.read_verdict(folder))
    if not report.resources.fits:
        raise BuildFailed(f"the design does not fit: {' '.join(report.advice)}")
    speed = report.performance
    if speed.target_fps is not None and speed.fps < speed.target_fps:
        raise BuildFailed(
            f"{speed.fps:g} fps measured, {speed.target_fps:g} asked: a frame takes {speed.cycles_per_frame} cycles,"
            f" the slowest node {speed.bound_cycles}; ask for more --fps than you need, or fewer"
        )


class _Runner:
    """Runs stages of one build folder and shows them."""

    def __init__(self, plan: Plan, folder: BuildFolder, stages: Sequence[str], progress: StageProgress) -> None:
        self.plan = plan
        self.folder = folder
        self.stages = stages
        self.progress = progress

    def path(self, name: str) -> Path:
        return self.folder.file(name)

    def run(
        self,
        name: str,
        artefacts: Sequence[str],
        body: Callable[[Stage], None],
        *,
        options: Any = None,
        reads: Sequence[Path] = (),
        skip: Sequence[str] = (),
    ) -> None:
        if name not in self.stages:
            return

        def shown() -> None:
            with self.progress.stage(name) as stage:
                body(stage)

        self.folder.stage(
            name, artefacts, shown, options=options, reads=reads, skip=skip,
            on_cached=lambda: self.progress.cached(name),
        )  # fmt: skip


def _front(runner: _Runner) -> None:
    plan, folder = runner.plan, runner.folder.path
    recipe = plan.find_recipe()
    if recipe is None:
        sources = [Path(str(plan.onnx))]
    else:
        sources = [recipe.folder.parent / "network.py", recipe.folder / "recipe.yaml", recipe.weights]
        recipe.load()  # weights that are missing or broken are refused even where the export is cached
    target = plan.load_target()
    runner.run("export", [front.QONNX], lambda stage: _export(plan, folder, stage), reads=sources)
    runner.run(
        "streamline", [front.STREAMLINED], lambda _: front.make_streamlined(folder), reads=[folder / front.QONNX]
    )
    runner.run(
        "map",
        [front.DATAFLOW, front.FRAMES],
        lambda _: _map(plan, folder, target.head),
        options=[target.head, plan.frames, plan.images],
        reads=[folder / front.STREAMLINED, *([Path(plan.images)] if plan.images else [])],
    )
    runner.run(
        "fold",
        [front.FOLDING, front.SOLUTION],
        lambda _: front.make_folding(plan, folder),
        options=[plan.clock_mhz, plan.fps, target.model_dump(), plan.find_board().available],
        reads=[folder / front.DATAFLOW],
    )


def _export(plan: Plan, folder: Path, stage: Stage) -> None:
    stage.note = front.export(plan, folder)


def _map(plan: Plan, folder: Path, head: str) -> None:
    front.make_dataflow(folder, head)
    front.write_frames(plan, folder)


def _back(runner: _Runner) -> Report | None:
    plan, folder = runner.plan, runner.folder.path
    rtl = folder / back.RTL
    runner.run(
        "generate",
        [back.RTL],
        lambda _: runner.folder.publish_folder(back.RTL, lambda into: back.generate(folder, into)),
        reads=[folder / front.DATAFLOW, folder / front.FOLDING],
    )
    generated = runner.folder.stamp("generate")
    runner.run(
        "fifo",
        [back.FIFO],
        lambda stage: _size(folder, stage),
        options=None if generated is None else generated.run,
        reads=[rtl],
        skip=[DEPTHS_FILE],
    )
    runner.run(
        "verify",
        [back.VERIFY],
        lambda stage: _verify(plan, folder, stage),
        reads=[rtl, folder / back.FIFO, *(folder / name for name in VERIFIED)],
    )
    board = plan.find_board()
    runner.run(
        "synthesise",
        [back.RESOURCES],
        lambda stage: back.synthesise(board, folder, lambda done, total: stage.tick(done, total)),
        options=board.family,
        reads=[rtl / GRAPH_FILE, folder / back.FIFO],
    )
    runner.run(
        "deploy",
        [back.DEPLOY],
        lambda stage: _deploy(runner, stage),
        options=[plan.board, plan.clock_mhz, hash_of([Path(plan.board)]), str(find_vivado())],
        reads=[rtl, folder / front.FRAMES, folder / front.QONNX, folder / front.STREAMLINED],
    )
    if "report" not in runner.stages:
        return None
    with runner.progress.stage("report"):
        return write_reports(plan, folder, runner.folder.runs)


def _deploy(runner: _Runner, stage: Stage) -> None:
    """Publish first, run Vivado then: its log and project stay where it fails."""
    plan, folder = runner.plan, runner.folder.path
    runner.folder.publish_folder(back.DEPLOY, lambda into: back.deploy(plan, folder, into))
    script = folder / back.DEPLOY / SCRIPT
    if find_vivado() is None or not script.is_file():
        stage.note = "no bitstream: no vivado on PATH" if script.is_file() else "no processing system on this part"
        return
    stage.note = "; ".join(run_vivado(folder / back.DEPLOY))


def _size(folder: Path, stage: Stage) -> None:
    sizing = back.size(folder, lambda cycle, beats: stage.tick(beats, 0, f"cycle {cycle}"))
    ratio = sizing.bits / sizing.high_water_bits if sizing.high_water_bits else 1.0
    stage.note = (
        f"{len(sizing.fifos)} FIFOs, {sizing.bits} bits, {ratio:.2f} times their high-water marks;"
        f" {sizing.cycles} cycles a frame with stalls, {sizing.elastic_cycles} with FIFOs that never fill"
    )


def _verify(plan: Plan, folder: Path, stage: Stage) -> None:
    verdict = back.verify(plan, folder, lambda cycle, beats: stage.tick(beats, plan.frames, f"cycle {cycle}"))
    stage.note = f"{verdict.tensors} streams, {verdict.values} values, {verdict.mismatches} mismatches"
