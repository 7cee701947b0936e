# SPDX-License-Identifier: Apache-2.0
"""Fitting in place of training: a support vector machine, by every pair of parameters that the recipe names.

The choice is made on the validation part, the machine is fitted to the training part alone, and the test part is looked
at once, at the end. There is nothing random in it but the split, and nothing to resume.
"""

import csv
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from itertools import product
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.svm import SVC
from torch import Tensor

from hwflow.cli.progress import StageProgress
from hwflow.data.folder import ImageSet
from hwflow.data.load import split_data
from hwflow.data.split import Split
from hwflow.errors import UserError
from hwflow.files import publish
from hwflow.inference import image_labels
from hwflow.models import ModelRecipe
from hwflow.recipe import FittedRecipe
from hwflow.texture.machine import VectorMachine
from hwflow.train.loop import LOG_FILE
from hwflow.train.task import Classification, evaluating

CACHE_MB = 500


@dataclass(frozen=True)
class Trial:
    """What the log says of one pair of parameters. Scores are fractions; `seconds` is wall time."""

    cost: float
    gamma: float
    support_vectors: int
    train_score: float
    validation_score: float
    seconds: float


@dataclass(frozen=True)
class Fitted:
    """A finished fit: the chosen machine, what labels it finds for the images of the test part (int64 [n]), and how well
    it does by `measure`, in fractions."""

    network: VectorMachine
    chosen: Trial
    measure: str
    validation_score: float
    test_score: float
    parts: Split
    found: Tensor
    trials: tuple[Trial, ...]
    seconds: float


def fit(recipe: ModelRecipe, images: ImageSet, seed: int, out: Path, progress: StageProgress) -> Fitted:
    """Fit the machine of `recipe`, a `FittedRecipe`, to the training part of `images` by `seed`; `out`, an existing
    folder, takes log.csv.

    Raises UserError if the recipe's network is no `VectorMachine`, or a class has no image for training.
    """
    begun = time.monotonic()
    network = recipe.build()
    if not isinstance(network, VectorMachine) or not isinstance(recipe.recipe, FittedRecipe):
        raise UserError(f"{recipe.model}, recipe {recipe.name}: build() must give a VectorMachine, to be fitted")
    parts = split_data(images, recipe.recipe, seed)
    labels = images.labels.numpy()
    train, validation = parts.train.numpy(), parts.validation.numpy()
    missing = sorted(set(range(len(images.classes))) - set(labels[train].tolist()))
    if missing:
        raise UserError(f"{images.place}: no image of {images.classes[missing[0]]} for training; add images of it")
    with progress.stage("features") as stage:
        both = torch.cat([parts.train, parts.validation])
        features = network.features(images.images[both], stage.tick).numpy()
        stage.note = f"{features.shape[1]} of {len(both)} images"
    known, new = features[: len(train)], features[len(train) :]
    settings = recipe.recipe.training
    pairs = list(product(sorted(settings.cost), sorted(settings.gamma)))
    tried: list[tuple[SVC, Trial]] = []
    with progress.stage("support vectors") as stage:
        for cost, gamma in pairs:
            tried.append(_try(cost, gamma, (known, labels[train]), (new, labels[validation])))
            stage.tick(len(tried), len(pairs), f"validation {tried[-1][1].validation_score:.1%}")
        # Of equals max takes the first: the lowest cost, then the lowest gamma, which give the smoothest border.
        best, chosen = max(tried, key=lambda one: one[1].validation_score)
        stage.note = f"C {chosen.cost:g}, gamma {chosen.gamma:g}, validation {chosen.validation_score:.1%}"
    trials = tuple(trial for _, trial in tried)
    network.adopt(best)
    network.eval()
    _write_log(out / LOG_FILE, trials)
    with evaluating(network):
        found = image_labels(network, images.images[parts.test])
    test = float((found == images.labels[parts.test]).double().mean())
    return Fitted(
        network,
        chosen,
        Classification.measure,
        chosen.validation_score,
        test,
        parts,
        found,
        trials,
        time.monotonic() - begun,
    )


Part = tuple[NDArray[np.float64], NDArray[np.int64]]
"""Features [N, features] and labels [N]."""


def _try(cost: float, gamma: float, train: Part, validation: Part) -> tuple[SVC, Trial]:
    begun = time.monotonic()
    machine = SVC(C=cost, gamma=gamma, break_ties=True, cache_size=CACHE_MB).fit(*train)
    scores = [float((machine.predict(features) == labels).mean()) for features, labels in (train, validation)]
    seconds = round(time.monotonic() - begun, 2)
    return machine, Trial(cost, gamma, int(machine.n_support_.sum()), scores[0], scores[1], seconds)


def _write_log(path: Path, trials: Sequence[Trial]) -> None:
    def write(beside: Path) -> None:
        with beside.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [field.name for field in fields(Trial)])
            writer.writeheader()
            writer.writerows(asdict(trial) for trial in trials)

    publish(path, write)
