# SPDX-License-Identifier: Apache-2.0
"""A run of a sweep: one recipe with one seed, and how far it is, read off its folder."""

import csv
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from hwflow.models import ModelRecipe
from hwflow.recipe import FittedRecipe
from hwflow.results import RESULT_FILE, read_result
from hwflow.train.loop import LOG_FILE
from hwflow.train.run import run_name

OUTPUT_FILE = "train.log"


@dataclass(frozen=True)
class Run:
    """`recipe` has been changed by `variant`; `given` is the name or path that the command was given for its model."""

    recipe: ModelRecipe
    given: str
    variant: str | None
    data: Path
    seed: int
    below: Path

    @property
    def name(self) -> str:
        """Of the run, and of its folder."""
        return run_name(self.recipe.model, self.recipe.name, self.variant, self.seed)

    @property
    def folder(self) -> Path:
        """Where it writes."""
        return self.below / self.name

    @property
    def log(self) -> Path:
        """What its process says."""
        return self.folder / OUTPUT_FILE

    @property
    def epochs(self) -> int:
        """Rows of its log when it is over: epochs in all stages, or the pairs of parameters that a fit tries."""
        recipe = self.recipe.recipe
        if isinstance(recipe, FittedRecipe):
            return len(recipe.training.cost) * len(recipe.training.gamma)
        return sum(stage.epochs for stage in self.recipe.training.stages)

    @property
    def command(self) -> list[str]:
        """The words of `hwflow train` for it."""
        words = ["--model", self.given, "--recipe", self.recipe.name]
        words += ["--variant", self.variant] if self.variant is not None else []
        return [*words, "--data", str(self.data), "--seed", str(self.seed), "--out", str(self.folder)]


class Status(Enum):
    """Whether a run is over, begun or not begun."""

    OVER = "over"
    BEGUN = "begun"
    OPEN = "open"


@dataclass(frozen=True)
class Progress:
    """How far a run is: epochs done, and in words."""

    kind: Status
    epochs: int
    text: str


def status_of(run: Run) -> Progress:
    """Read off the run's folder. Raises UserError if its result cannot be read."""
    done = run.folder / RESULT_FILE
    if done.is_file():
        result = read_result(done)
        return Progress(Status.OVER, run.epochs, f"over, {result.measure} {result.leading:.2%}")
    epochs = _epochs_logged(run.folder / LOG_FILE)
    if epochs:
        return Progress(Status.BEGUN, min(epochs, run.epochs), f"begun, {epochs} of {run.epochs} epochs")
    return Progress(Status.OPEN, 0, "open")


def _epochs_logged(path: Path) -> int:
    if not path.is_file():
        return 0
    with path.open(newline="", encoding="utf-8") as file:
        return sum(1 for _ in csv.DictReader(file))
