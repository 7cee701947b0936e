# SPDX-License-Identifier: Apache-2.0
"""How the learning rate goes over a stage.

- cosine: linear over the warm-up, then a cosine down to 0, as the paper trains 1-bit networks (section 4.2);
- one_cycle: up from 1/25 over the first 30 % and down to 1/250,000, both on a cosine, as the paper trains real networks
  for Magnetic Tile (its reference 45: Smith and Topin, "Super-convergence", 2018). The paper names no sizes; these are the
  usual ones. Adam's moments stay as they are;
- constant: linear over the warm-up, then the same.
"""

import math

from hwflow.recipe import Training, TrainingStage

RISE = 0.3
FIRST, LAST = 1 / 25, 1 / 250_000


def learning_rate(epoch: float, stage: TrainingStage, settings: Training) -> float:
    """The rate after `epoch` epochs of `stage`; fractions of an epoch count too."""
    peak = stage.learning_rate
    if settings.schedule == "one_cycle":
        done = epoch / stage.epochs
        if done < RISE:
            return _cosine(peak * FIRST, peak, done / RISE)
        return _cosine(peak, peak * LAST, (done - RISE) / (1 - RISE))
    warmup = min(settings.warmup_epochs, stage.epochs // 4)
    if epoch < warmup:
        return peak * (epoch + 0.01) / warmup
    if settings.schedule == "constant":
        return peak
    return _cosine(peak, 0.0, (epoch - warmup) / (stage.epochs - warmup))


def _cosine(begin: float, end: float, done: float) -> float:
    return end + (begin - end) * 0.5 * (1 + math.cos(math.pi * done))
