# SPDX-License-Identifier: Apache-2.0
"""The training run: one stage or two, resumable after every epoch, the same result for the same seed whether interrupted or
not."""

import csv
import hashlib
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import torch
from torch import Tensor, nn

from hwflow.cli.progress import StageProgress
from hwflow.data.folder import ImageSet
from hwflow.data.load import split_data
from hwflow.data.split import Split
from hwflow.data.turns import TURNS
from hwflow.errors import UserError
from hwflow.files import publish
from hwflow.models import ModelRecipe
from hwflow.nn import BinaryConv2d, binary_weights
from hwflow.recipe import Training, TrainingStage
from hwflow.train.checkpoint import CHECKPOINT_FILE, Row, State, load_checkpoint, save_checkpoint
from hwflow.train.curves import draw_curves
from hwflow.train.schedule import learning_rate
from hwflow.train.start import begin_with
from hwflow.train.task import Task, task_of

LOG_FILE = "log.csv"
CURVES_FILE = "curves.png"
DRAW_EVERY = 10
"""Epochs between two pictures of the curves, which take a while to draw."""


@dataclass(frozen=True)
class Trained:
    """A finished run: the network of the epoch that validated best, what labels it finds for the images of the test part
    (int64 [n] or [n, H, W]), and how well it does by `measure`, in fractions."""

    network: nn.Module
    best_epoch: int
    measure: str
    validation_score: float
    test_score: float
    parts: Split
    found: Tensor
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class _Stage:
    title: str
    one_bit: bool
    settings: TrainingStage


def train(
    recipe: ModelRecipe, images: ImageSet, seed: int, out: Path, progress: StageProgress, device: str = "cpu"
) -> Trained:
    """Train `recipe` on the training part of `images`, and measure the best epoch of the last stage on the test part.

    `out`, an existing folder, takes log.csv, curves.png and a checkpoint; where it holds the checkpoint of the same run,
    that run goes on. The checkpoint stays at the end, since what was learned is not stored yet. The network learns on
    `device`, a name of torch's; images are drawn and changed on the CPU, and the test is made there in any case.

    Raises UserError if `out` holds the checkpoint of another run, `images` are not what the recipe labels, or the
    recipe has no stage for the network's 1-bit weights.
    """
    task = task_of(recipe, images)
    parts = split_data(images, recipe.recipe, seed)
    torch.manual_seed(seed)
    # A fifth faster on a CPU; weights are stored as ever.
    network = recipe.build().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    checkpoint = out / CHECKPOINT_FILE
    state = State(_run_of(recipe, task, seed))
    moments: dict[int, dict[str, Tensor]] = {}
    if checkpoint.is_file():
        state, tensors, moments = load_checkpoint(checkpoint, state.run)
        network.load_state_dict(tensors)
        progress.line(f"{checkpoint}: going on after {len(state.rows)} epochs")
    settings = recipe.training
    if settings.start is not None and not state.rows:
        taken, of = begin_with(network, recipe, settings.start, Path(images.place), seed)
        progress.line(f"begins with {taken} of {of} tensors from recipe {settings.start}")
    stages = _stages(recipe, network)
    while state.stage < len(stages):
        stage = stages[state.stage]
        optimizer = torch.optim.Adam(network.parameters(), lr=stage.settings.learning_rate)
        _restore(optimizer, moments)
        moments = {}
        with progress.stage(stage.title) as shown, binary_weights(network, stage.one_bit):
            while state.epoch < stage.settings.epochs:
                row = _epoch(network, optimizer, stage, settings, task, parts, seed, state)
                state.rows.append(row)
                state.epoch += 1
                # Ties go to the later epoch, which has seen more and moves less.
                if stage is stages[-1] and row.validation_score >= state.best_score:
                    state.best_score, state.best_epoch = row.validation_score, state.epoch
                    state.best = {name: tensor.clone() for name, tensor in network.state_dict().items()}
                save_checkpoint(checkpoint, state, network, optimizer)
                _write_log(out / LOG_FILE, state.rows)
                if state.epoch % DRAW_EVERY == 0 or state.epoch == stage.settings.epochs:
                    draw_curves(
                        state.rows, task.measure, f"{recipe.model} {recipe.name}, seed {seed}", out / CURVES_FILE
                    )
                shown.tick(state.epoch, stage.settings.epochs, _spell(row))
            shown.note = _spell(state.rows[-1])
        state.stage += 1
        state.epoch = 0
    network.load_state_dict(state.best)
    network.eval()
    # In float64, as the reference for hardware: near a threshold float32 may decide otherwise.
    network.cpu().double()
    found = task.label(network, parts.test)
    test = task.worth(found, parts.test)
    network.float()
    rows = tuple(state.rows)
    return Trained(network, state.best_epoch, task.measure, state.best_score, test, parts, found, rows)


def _stages(recipe: ModelRecipe, network: nn.Module) -> tuple[_Stage, ...]:
    settings = recipe.training
    if settings.binary_weights is None and any(isinstance(module, BinaryConv2d) for module in network.modules()):
        raise UserError(
            f"{recipe.model}, recipe {recipe.name}: the network has 1-bit weights, so training needs binary_weights"
        )
    kinds = (("real weights", False), ("1-bit weights", True))
    return tuple(_Stage(*kind, stage) for kind, stage in zip(kinds, settings.stages, strict=False))


def _run_of(recipe: ModelRecipe, task: Task, seed: int) -> dict[str, str]:
    content = hashlib.sha256(recipe.recipe.model_dump_json().encode()).hexdigest()[:16]
    return {
        "model": recipe.model,
        "recipe": f"{recipe.name} ({content})",
        "images": task.fingerprint(),
        "seed": str(seed),
    }


def _epoch(
    network: nn.Module,
    optimizer: torch.optim.Adam,
    stage: _Stage,
    settings: Training,
    task: Task,
    parts: Split,
    seed: int,
    state: State,
) -> Row:
    begun = time.monotonic()
    generator = torch.Generator().manual_seed(seed * 1_000_003 + state.stage * 10_007 + state.epoch)
    copies = TURNS if settings.augment.turns == "all" else 1
    batches = list(_batches(len(parts.train) * copies, settings.batch, generator))
    device = next(network.parameters()).device
    network.train()
    total_loss, seen, rate = 0.0, 0, 0.0
    tallies = []
    for position, tickets in enumerate(batches):
        rate = learning_rate(state.epoch + position / len(batches), stage.settings, settings)
        for group in optimizer.param_groups:
            group["lr"] = rate
        turns = tickets % copies if copies > 1 else None
        inputs, targets = task.draw(parts.train[tickets // copies], turns, generator)
        targets = targets.to(device)
        output = network(inputs.to(device, memory_format=torch.channels_last))
        loss = task.loss(network, output, targets)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        total_loss += loss.item() * len(tickets)
        tallies.append(task.tally(output, targets))
        seen += len(tickets)
    trained = task.score([sum(counts) for counts in zip(*tallies, strict=True)])
    validated = task.worth(task.label(network, parts.validation), parts.validation)
    seconds = round(time.monotonic() - begun, 2)
    return Row(stage.title, state.epoch + 1, rate, total_loss / seen, trained, validated, seconds)


def _batches(count: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """The numbers 0 .. count - 1 shuffled, in batches of equal size, so that BatchNorm never sees a tiny one; what is left
    over comes in another epoch."""
    order = torch.randperm(count, generator=generator)
    if count <= size:
        yield order
        return
    yield from torch.split(order[: count // size * size], size)


def _restore(optimizer: torch.optim.Adam, moments: dict[int, dict[str, Tensor]]) -> None:
    content = optimizer.state_dict()
    content["state"] = moments
    optimizer.load_state_dict(content)


def _write_log(path: Path, rows: list[Row]) -> None:
    def write(beside: Path) -> None:
        with beside.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [field.name for field in fields(Row)])
            writer.writeheader()
            writer.writerows(asdict(row) for row in rows)

    publish(path, write)


def _spell(row: Row) -> str:
    return f"loss {row.loss:.3f}, training {row.train_score:.1%}, validation {row.validation_score:.1%}"
