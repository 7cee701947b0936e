# SPDX-License-Identifier: Apache-2.0
"""A table of results as YAML: what a row is called, what the paper prints for it, and the run here that stands for it."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from string import Template
from typing import Self

from pydantic import Field, PositiveFloat, model_validator

from hwflow.content import content_root
from hwflow.errors import UserError, did_you_mean
from hwflow.models import ModelRecipe, find_recipe
from hwflow.recipe import Section
from hwflow.variants import variant_of
from hwflow.yamlfile import read_yaml

TABLES = "tables"
COUNTS = ("bops", "flops", "ops")
"""Figures that are counted from the network, and need no run."""


class Column(Section):
    """One figure: its key in a run's figures or in COUNTS, printed as a multiple of `unit` with `places` decimals. None
    for what no run measures. `of` says which of a row's runs it is, where they are several: it fills in the $NAMEs of the
    row's variant."""

    name: str
    figure: str | None = None
    of: dict[str, str] = Field(default={})
    unit: PositiveFloat
    places: int = Field(ge=0)


class RowRun(Section):
    """The run that a row stands for, as `hwflow train` takes it; every seed is one more of it. A $NAME in `variant` makes it
    one run for every text that the table's columns fill in."""

    model: str
    recipe: str
    variant: str | None = None

    def of(self, names: Mapping[str, str]) -> "RowRun":
        """The run for one column's `of`. Raises ValueError for a $NAME that is not among `names`."""
        if self.variant is None:
            return self
        try:
            return self.model_copy(update={"variant": Template(self.variant).substitute(names)})
        except KeyError as error:
            raise ValueError(f"variant {self.variant}: no column fills in ${error.args[0]}") from None

    def found(self) -> ModelRecipe:
        """Its recipe, changed by the variant. Raises UserError if there is none."""
        recipe = find_recipe(self.model, self.recipe)
        return recipe if self.variant is None else variant_of(recipe, self.variant)


class Row(Section):
    """`paper` has a text for every column, empty where the paper prints nothing; none at all for a row of our own."""

    name: str
    paper: tuple[str, ...] = ()
    run: RowRun | None = None

    def runs(self, columns: Iterable["Column"]) -> list[RowRun]:
        """The run behind each column, each once, in the order of the columns."""
        return [] if self.run is None else list(dict.fromkeys(self.run.of(column.of) for column in columns))


class Table(Section):
    """One table, by the paper's number or by a name of our own."""

    table: str
    title: str
    note: str = ""
    columns: tuple[Column, ...] = Field(min_length=1)
    rows: tuple[Row, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _paper_fits(self) -> Self:
        for row in self.rows:
            if row.paper and len(row.paper) != len(self.columns):
                raise ValueError(f"row {row.name}: paper has {len(row.paper)} texts for {len(self.columns)} columns")
            row.runs(self.columns)  # raises where a $NAME is left open
        return self

    @cached_property
    def of_paper(self) -> bool:
        """Whether the paper has it."""
        return any(row.paper for row in self.rows)


def table_names() -> list[str]:
    """The tables that there are, numbers first."""
    return sorted((path.stem for path in _folder().glob("*.yaml")), key=lambda name: (not name.isdigit(), name))


def read_table(name: str) -> Table:
    """The table of that name. Raises UserError if there is none, or its file is wrong."""
    names = table_names()
    if name not in names:
        raise UserError(f"unknown table {name}{did_you_mean(name, names)}; there are {', '.join(names)}")
    return read_yaml(_folder() / f"{name}.yaml", Table)


def _folder() -> Path:
    return content_root() / TABLES
