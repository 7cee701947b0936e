# SPDX-License-Identifier: Apache-2.0
"""Learning rates at points worked out by hand."""

import pytest
from pydantic import ValidationError

from hwflow.recipe import Training, TrainingStage
from hwflow.train.schedule import learning_rate

STAGE = TrainingStage(epochs=20, learning_rate=1.0)


def _rates(settings: dict[str, object], *epochs: float) -> list[float]:
    training = Training.model_validate({"batch": 1, "real_weights": STAGE, **settings})
    return [learning_rate(epoch, STAGE, training) for epoch in epochs]


def test_a_cosine_after_the_warm_up() -> None:
    rates = _rates({"warmup_epochs": 4}, 0, 2, 4, 12, 20)
    assert rates == pytest.approx([0.0025, 0.5025, 1, 0.5, 0])
    assert _rates({"warmup_epochs": 99}, 5) == [1]  # at most a quarter of the stage


def test_one_cycle() -> None:
    assert _rates({"schedule": "one_cycle"}, 0, 3, 6, 13, 20) == pytest.approx([0.04, 0.52, 1, 0.500002, 4e-6])
    with pytest.raises(ValidationError, match="one_cycle rises by itself"):
        _rates({"schedule": "one_cycle", "warmup_epochs": 5}, 0)


def test_constant() -> None:
    assert _rates({"schedule": "constant"}, 0, 10, 20) == [1, 1, 1]
    assert _rates({"schedule": "constant", "warmup_epochs": 5}, 2, 6) == pytest.approx([0.402, 1])
