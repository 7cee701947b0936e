# SPDX-License-Identifier: Apache-2.0
"""What every model's recipe.yaml has in common; a model's network.py extends `Recipe` with its own sizes."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from hwflow.powers import is_power_of_two


def _power_of_two(step: float) -> float:
    if not is_power_of_two(step):
        raise ValueError(f"must be a power of two, got {step}")
    return step


Step = Annotated[float, AfterValidator(_power_of_two)]
"""A quantiser's step; one that is no power of two would need a multiplier in hardware, and is refused."""


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
    """One of the two stages: how long, and the largest learning rate."""

    epochs: PositiveInt
    learning_rate: PositiveFloat


class Loss(Section):
    """cross_entropy * CE + tversky * (1 - Tversky index); `alpha` weighs false positives in the index, `beta` false
    negatives. The paper gives no figures for them; the defaults hold a missed defect for worse than a false one."""

    cross_entropy: NonNegativeFloat = 0.0
    tversky: NonNegativeFloat = 0.0
    alpha: NonNegativeFloat = 0.3
    beta: NonNegativeFloat = 0.7

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.cross_entropy == 0 and self.tversky == 0:
            raise ValueError("one of cross_entropy and tversky must be above 0")
        if self.alpha == 0 and self.beta == 0:
            raise ValueError("one of alpha and beta must be above 0")
        return self


class Augment(Section):
    """How training changes images: quarter turns and flips (`random`, or `all` eight of every image in an epoch), shifts
    by at most `shift` of the height and width, contrast by at most `gain`, brightness by at most `offset` grey levels."""

    turns: Literal["none", "random", "all"] = "random"
    shift: float = Field(default=1 / 16, ge=0, lt=0.5)
    gain: float = Field(default=0.2, ge=0, lt=1)
    offset: float = Field(default=24.0, ge=0, lt=256)


class Training(Section):
    """Adam in both stages, its rate after `schedule` (`hwflow.train.schedule`). A network without 1-bit weights has no
    second stage. `start` names a recipe of the same model whose trained weights the first stage begins with."""

    batch: PositiveInt
    schedule: Literal["cosine", "one_cycle", "constant"] = "cosine"
    warmup_epochs: int = Field(default=0, ge=0)
    loss: Loss = Loss(cross_entropy=1.0)
    augment: Augment = Augment()
    start: str | None = None
    real_weights: TrainingStage
    binary_weights: TrainingStage | None = None

    @property
    def stages(self) -> tuple[TrainingStage, ...]:
        """The stages that there are, in order."""
        return (self.real_weights,) if self.binary_weights is None else (self.real_weights, self.binary_weights)

    @model_validator(mode="after")
    def _warmup_of_a_cycle(self) -> Self:
        if self.schedule == "one_cycle" and self.warmup_epochs:
            raise ValueError("schedule one_cycle rises by itself; leave warmup_epochs out")
        return self


class Data(Section):
    """Which images are for training, which for the test: `split` by file or by group (`hwflow.data.split`), and of the
    classes in `at_most` so many images only."""

    split: Literal["file", "group"] = "group"
    at_most: dict[str, PositiveInt] = {}

    @property
    def protocol(self) -> dict[str, Any]:
        """All of it as the keys of a run's result."""
        return {"split": self.split, "at_most": dict(self.at_most), "only": ()}


class SegmentationData(Data):
    """`only` images of these kinds, where the set's folders tell kinds of defect apart; all of them if there are none."""

    only: tuple[str, ...] = ()

    @property
    def protocol(self) -> dict[str, Any]:
        """All of it as the keys of a run's result."""
        return super().protocol | {"only": self.only}


class BaseRecipe(Section):
    """What a model sees and tells apart. The order of `classes` is the order of the outputs."""

    input: Input
    classes: tuple[str, ...] = Field(min_length=2)
    data: Data = Data()


class Recipe(BaseRecipe):
    """One set of sizes for a network, and how to train it."""

    training: Training

    @model_validator(mode="after")
    def _turns_fit(self) -> Self:
        if self.training.augment.turns == "all" and self.input.height != self.input.width:
            raise ValueError("training.augment: turns all needs square images; half turns only come with random")
        return self


class Search(Section):
    """Every pair of `cost` (the C of a support vector machine) and `gamma` (of its kernel) is tried on the validation
    part; of equally good ones the lowest cost wins, then the lowest gamma."""

    cost: tuple[PositiveFloat, ...] = Field(min_length=1)
    gamma: tuple[PositiveFloat, ...] = Field(min_length=1)


class FittedRecipe(BaseRecipe):
    """Of a model without gradients and epochs: a support vector machine, fitted once."""

    training: Search


class SegmentationTraining(Training):
    """Training of a network that labels pixels; masks turn with their images, and nothing is shifted."""

    loss: Loss
    augment: Augment = Augment(shift=0)

    @model_validator(mode="after")
    def _unshifted(self) -> Self:
        if self.augment.shift:
            raise ValueError("augment: shift moves images away from their masks; leave it out")
        return self


class SegmentationRecipe(Recipe):
    """Of a network that labels every pixel: the first of `classes` is the background, all others are defects."""

    data: SegmentationData = SegmentationData()
    training: SegmentationTraining
