# SPDX-License-Identifier: Apache-2.0
"""result.json: what one run measured on its test part, and all that makes the figure comparable with another's."""

import hashlib
import importlib.metadata
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt

from hwflow.data.split import Split
from hwflow.errors import UserError
from hwflow.files import publish
from hwflow.measurement import Measurement
from hwflow.models import ModelRecipe
from hwflow.recipe import FittedRecipe, Section
from hwflow.yamlfile import checked

RESULT_FILE = "result.json"
PACKAGES = ("torch", "brevitas")
FITTED_PACKAGES = ("torch", "scikit-learn")


class Result(Section):
    """One run: what was trained, on which images, and what the weights of the best epoch are worth on the test part.

    `variant` is as the command was given it, `data` the name of the images' folder, `measure` the key in `figures`
    that leads; `validation` is the same figure on the validation part, where the run has kept it.
    """

    model: str
    recipe: str
    variant: str | None = None
    data: str
    split: Literal["file", "group"]
    at_most: dict[str, PositiveInt]
    only: tuple[str, ...] = ()
    seed: int
    train_images: int = Field(ge=0)
    validation_images: int = Field(ge=0)
    test_images: PositiveInt
    measure: str
    figures: dict[str, Any]
    validation: NonNegativeFloat | None = None
    epochs: tuple[PositiveInt, ...] = ()
    seconds: NonNegativeFloat | None = None
    versions: dict[str, str]
    weights: str

    @property
    def protocol(self) -> dict[str, Any]:
        """Which images it was, as `Data.protocol`."""
        return {"split": self.split, "at_most": self.at_most, "only": self.only}

    @property
    def leading(self) -> float:
        """The figure that leads, a fraction."""
        return float(self.figures[self.measure])


def result_of(
    recipe: ModelRecipe,
    variant: str | None,
    folder: str,
    seed: int,
    parts: Split,
    measured: Measurement,
    weights: Path,
    **training: Any,
) -> Result:
    """The result of `measured`, the figures of the file `weights` on the test part; `folder` is the name of the images'
    folder. `training` are `validation`, `epochs` and `seconds`, where they are known."""
    packages = FITTED_PACKAGES if isinstance(recipe.recipe, FittedRecipe) else PACKAGES
    return Result(
        model=recipe.model,
        recipe=recipe.name,
        variant=variant,
        data=folder,
        **recipe.recipe.data.protocol,
        seed=seed,
        train_images=len(parts.train),
        validation_images=len(parts.validation),
        test_images=len(parts.test),
        measure=measured.leading,
        figures=measured.figures,
        versions={name: importlib.metadata.version(name) for name in packages},
        weights=hashlib.sha256(weights.read_bytes()).hexdigest(),
        **training,
    )


def write_result(result: Result, path: Path) -> None:
    """Write the file, which appears whole or not at all."""
    publish(path, lambda beside: beside.write_text(result.model_dump_json(indent=1) + "\n", encoding="utf-8"))


def read_result(path: Path) -> Result:
    """The result in a file.

    Raises UserError, naming the file, if it cannot be read or is none.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: not a result that can be read ({error})") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: must hold keys and values")
    found = checked(content, Result, str(path))
    if not isinstance(found.figures.get(found.measure), float):
        raise UserError(f"{path}: measure names {found.measure}, of which there is no figure")
    return found
