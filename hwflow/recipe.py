# SPDX-License-Identifier: Apache-2.0
"""What every model's recipe.yaml has in common; a model's network.py extends `Recipe` with its own sizes."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt


class Section(BaseModel):
    """A part of a file that a user writes: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Input(Section):
    """The pixels a network takes: unsigned 8 bits, `channels` 1 (grey) or 3 (RGB)."""

    channels: Literal[1, 3]
    height: PositiveInt
    width: PositiveInt

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)"""
        return self.channels, self.height, self.width


class TrainingStage(Section):
    """One of the two stages: learning rate reached after the warm-up, from which the cosine falls to 0."""

    epochs: PositiveInt
    learning_rate: PositiveFloat


class Training(Section):
    """Adam, `warmup_epochs` linear, then cosine, in both stages."""

    batch: PositiveInt
    warmup_epochs: int = Field(ge=0)
    real_weights: TrainingStage
    binary_weights: TrainingStage


class Recipe(Section):
    """One set of sizes for a network, and how to train it. The order of `classes` is the order of the outputs."""

    input: Input
    classes: tuple[str, ...] = Field(min_length=2)
    training: Training
