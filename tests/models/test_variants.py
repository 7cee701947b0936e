# SPDX-License-Identifier: Apache-2.0
"""Variants: the shipped ones fit their models, and a wrong one is told in one line."""

from pathlib import Path

import pytest

from hwflow.content import content_root
from hwflow.errors import UserError
from hwflow.models import find_recipe, model_names, recipe_names
from hwflow.variants import VARIANTS_FILE, changed, variant_of
from hwflow.yamlfile import read_mapping


@pytest.mark.parametrize("model", model_names())
def test_shipped_variants_fit_a_recipe_of_their_model(model: str) -> None:
    folder = content_root() / "models" / model
    path = folder / VARIANTS_FILE
    for name, changes in (read_mapping(path) if path.is_file() else {}).items():
        fits = []
        for recipe in recipe_names(folder):
            try:
                fits.append(variant_of(find_recipe(model, recipe), str(name)).recipe)
            except UserError:
                continue
        assert fits, name
        for key, value in changes.items():
            if not isinstance(value, dict):
                assert all(getattr(recipe, key) == value for recipe in fits), (name, key)


def test_keys_of_a_section_that_are_not_named_stay(model_folder: Path) -> None:
    recipe = find_recipe(str(model_folder))
    other = changed(recipe, {"training": {"batch": 3}, "head": 16}, "here")
    assert other.recipe.training == recipe.recipe.training.model_copy(update={"batch": 3})
    assert other.recipe == recipe.recipe.model_copy(update={"training": other.recipe.training, "head": 16})
    assert (other.folder, other.name) == (recipe.folder, recipe.name)


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        ("broad", r"unknown variant broad of own_model; there are wide, flat; or give its changes as \{KEY: VALUE\}"),
        ("wid", r"unknown variant wid of own_model \(did you mean wide\?\)"),
        ("flat", r"variants\.yaml: flat must hold keys and values"),
        ("{haed: 3}", r"variant \{haed: 3\}: unknown key haed \(did you mean head\?\)"),
        ("{kernels: {stem: 4}}", r"kernels: stem must be odd, got 4"),
        ("{head 3}", r"head: Input should be a valid integer|unknown key head 3"),
    ],
)
def test_a_wrong_variant_is_one_line(model_folder: Path, variant: str, message: str) -> None:
    (model_folder / VARIANTS_FILE).write_text("wide: {head: 16}\nflat: 3\n")
    recipe = find_recipe(str(model_folder))
    assert variant_of(recipe, "wide").recipe.model_dump()["head"] == 16
    with pytest.raises(UserError, match=message) as caught:
        variant_of(recipe, variant)
    assert "\n" not in str(caught.value)
