# SPDX-License-Identifier: Apache-2.0
"""Variants of a recipe: a few of its keys changed, by a name in the model's variants.yaml or as YAML in one line.

    real-34: {depth: 34, binary: false}

is a line of variants.yaml, and `{depth: 34, binary: false}` the same without a name. Keys of a section that is not
named stay as they are in the recipe.
"""

from dataclasses import replace
from typing import Any

import yaml

from hwflow.errors import UserError, did_you_mean
from hwflow.models import ModelRecipe
from hwflow.yamlfile import checked, read_mapping

VARIANTS_FILE = "variants.yaml"


def variant_of(recipe: ModelRecipe, variant: str) -> ModelRecipe:
    """`recipe` with the changes that `variant` says: a name in variants.yaml, or `{KEY: VALUE, ...}`.

    Raises UserError for a name that is not there, text that is no YAML, and changes that do not fit the recipe.
    """
    if variant.lstrip().startswith("{"):
        return changed(recipe, _inline(variant), f"variant {variant}")
    path = recipe.folder.parent / VARIANTS_FILE
    known = {str(name): changes for name, changes in read_mapping(path).items()} if path.is_file() else {}
    if variant not in known:
        there = f"there are {', '.join(known)}" if known else f"{recipe.model} has no {VARIANTS_FILE}"
        raise UserError(
            f"unknown variant {variant} of {recipe.model}{did_you_mean(variant, known)}; {there};"
            " or give its changes as {KEY: VALUE}"
        )
    changes = known[variant]
    if not isinstance(changes, dict):
        raise UserError(f"{path}: {variant} must hold keys and values")
    return changed(recipe, changes, f"{path}: {variant}")


def changed(recipe: ModelRecipe, changes: dict[str, Any], where: str) -> ModelRecipe:
    """`recipe` with `changes` to what its file says; `where` names their source in errors.

    Raises UserError if the result does not fit the model.
    """
    content = _merged(recipe.recipe.model_dump(exclude_unset=True), changes)
    return replace(recipe, recipe=checked(content, recipe.module.RECIPE, where))


def _inline(text: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        content = None
    if not isinstance(content, dict):
        raise UserError(f"variant {text}: not valid YAML; write {{KEY: VALUE, KEY: VALUE}}, with a space after each :")
    return content


def _merged(content: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    result = dict(content)
    for key, value in changes.items():
        before = result.get(key)
        result[key] = _merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return result
