# SPDX-License-Identifier: Apache-2.0
"""A whole run in its folder: training, weights, card, and the result, whose file says that the run is over."""

import fcntl
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hwflow.cli.progress import StageProgress
from hwflow.data.load import load_data
from hwflow.errors import UserError
from hwflow.measurement import measure
from hwflow.models import CARD_FILE, WEIGHTS_FILE, ModelRecipe, save_weights
from hwflow.recipe import FittedRecipe
from hwflow.results import RESULT_FILE, Result, read_result, result_of, write_result
from hwflow.train.card import write_card
from hwflow.train.checkpoint import CHECKPOINT_FILE
from hwflow.train.fit import Fitted, fit
from hwflow.train.fit_card import write_fit_card
from hwflow.train.loop import Trained, train

LOCK_FILE = ".lock"


def run_name(model: str, recipe: str, variant: str | None, seed: int) -> str:
    """The name of a run's folder, the same for the same run."""
    words = [model, recipe, *([re.sub(r"[^A-Za-z0-9.]+", "_", variant).strip("_")] if variant else []), str(seed)]
    return "-".join(words)


def train_run(
    recipe: ModelRecipe, variant: str | None, data: Path, seed: int, out: Path, device: str, progress: StageProgress
) -> Result:
    """Train `recipe`, already changed by `variant`, on the folder `data`, and leave everything in the folder `out`.

    A run that was stopped goes on; one that is over is not trained again, its result is returned.

    Raises UserError if `out` belongs to another run or another process trains there, and where `load_data` and `train`
    do.
    """
    done = out / RESULT_FILE
    if done.is_file():
        result = read_result(done)
        found = (result.model, result.recipe, result.variant, result.data, result.seed)
        wanted = (recipe.model, recipe.name, variant, data.resolve().name, seed)
        if found != wanted:
            raise UserError(
                f"{done}: is the result of another run ({_spell(*found)}, now {_spell(*wanted)}); choose another --out"
            )
        progress.line(f"{done}: this run is over; remove the folder to train again")
        return result
    with progress.stage("read images") as stage:
        images = load_data(data, recipe.recipe, stage.tick)
        stage.note = f"{len(images)} for {len(recipe.recipe.classes)} classes"
    out.mkdir(parents=True, exist_ok=True)
    with _alone(out):
        weights, folder = out / WEIGHTS_FILE, data.resolve().name
        facts = (out / CARD_FILE, recipe, variant, images, folder, seed)
        trained: Trained | Fitted
        if isinstance(recipe.recipe, FittedRecipe):
            trained = fit(recipe, images, seed, out, progress)
            save_weights(trained.network, weights)
            write_fit_card(*facts, trained, weights)
            epochs: tuple[int, ...] = ()
            seconds = trained.seconds
        else:
            trained = train(recipe, images, seed, out, progress, device)
            save_weights(trained.network, weights)
            write_card(*facts, trained, weights)
            epochs = tuple(stage.epochs for stage in recipe.training.stages)
            seconds = sum(row.seconds for row in trained.rows)
        result = result_of(
            recipe,
            variant,
            folder,
            seed,
            trained.parts,
            measure(images.take(trained.parts.test), trained.found, recipe.recipe.classes),
            weights,
            validation=trained.validation_score,
            epochs=epochs,
            seconds=round(seconds, 1),
        )
        write_result(result, done)
        # Only now is there nothing left that a kill could lose.
        (out / CHECKPOINT_FILE).unlink(missing_ok=True)
    return result


def _spell(model: str, recipe: str, variant: str | None, data: str, seed: int) -> str:
    changed = f" with {variant}" if variant else ""
    return f"{model} {recipe}{changed} on {data}, seed {seed}"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes out of the folder; the system lets go of the lock when this one dies, however it does."""
    path = folder / LOCK_FILE
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(f"{folder}: another process trains there; wait for it, or choose another --out") from None
        yield
        path.unlink(missing_ok=True)
