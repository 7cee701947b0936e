# SPDX-License-Identifier: Apache-2.0
"""The card of a fitted model: what was chosen, on what, how well it does, and the command that does it again."""

import hashlib
import importlib.metadata
from collections.abc import Sequence
from pathlib import Path

from hwflow.data.folder import ImageSet
from hwflow.models import ModelRecipe
from hwflow.train.card import command_text, images_text, split_text, title_text
from hwflow.train.fit import Fitted


def write_fit_card(
    path: Path,
    recipe: ModelRecipe,
    variant: str | None,
    images: ImageSet,
    folder: str,
    seed: int,
    result: Fitted,
    weights: Path,
) -> None:
    """Write the card as Markdown; `folder` is the name of the images' folder, not its path on this machine."""
    channels, height, width = recipe.recipe.input.shape
    chosen, network = result.chosen, result.network
    equals = sum(trial.validation_score == chosen.validation_score for trial in result.trials)
    tried = f"C of {_range([t.cost for t in result.trials])}, gamma of {_range([t.gamma for t in result.trials])}"
    names = ("scikit-learn", "scikit-image", "torch")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    path.write_text(
        f"""# {title_text(recipe, variant)}

| | |
|---|---|
| test {result.measure} | {result.test_score:.2%} of {len(result.parts.test)} images |
| validation {result.measure} | {result.validation_score:.2%} |
| training {result.measure} | {chosen.train_score:.2%} |
| input | {channels} x {height} x {width}, unsigned 8 bits |
| features | {network.support_vectors.shape[1]:,} an image |
| support vectors | {chosen.support_vectors:,} |
| chosen | C {chosen.cost:g} and gamma {chosen.gamma:g}, on the validation part |
| tried | {len(result.trials)} pairs, {tried}; {equals} did as well, of which the lowest C, then gamma, is taken |
| images | {images_text(images)} |
| split | {split_text(recipe.recipe.data, seed)} |
| time | {result.seconds / 60:.1f} minutes |
| versions | {versions} |
| weights | sha256 {hashlib.sha256(weights.read_bytes()).hexdigest()} |

Fitted to the training part alone; the test part had no say in the choice. Made by

    {command_text(recipe, variant, folder, seed)}
""",
        encoding="utf-8",
    )


def _range(values: Sequence[float]) -> str:
    return f"{min(values):g} to {max(values):g}"
