# SPDX-License-Identifier: Apache-2.0
"""A support vector machine on features of images as a torch module, so that every command takes it for a network."""

from collections.abc import Callable, Mapping
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.svm import SVC
from torch import Tensor, nn

from hwflow.cli.progress import Tick
from hwflow.texture.patterns import Image, Map

Describe = Callable[[Image], Map]
"""A histogram float64 [bins] of one channel uint8 [H, W]."""

SUPPORT = "support_vectors"


class VectorMachine(nn.Module):
    """Pixels [N, channels, H, W] in [0, 1) to scores [N, classes], of which the largest is the class that scikit-learn's
    SVC(break_ties=True) predicts.

    A feature is the square root of a histogram's bin, so the RBF kernel exp(-gamma |x - y|^2) measures how far
    histograms are apart by Hellinger's distance: a bin's noise grows with the root of its count, and its root has the
    same everywhere. Channels stand one behind the other.

    Each pair of classes votes for one of them, and what the pairs say in numbers decides between classes with equally
    many votes, as in scikit-learn's one-vs-rest decision function. The number of support vectors is what the fit made
    it, 0 before. All tensors are float64 and none has a gradient.
    """

    def __init__(self, classes: int, channels: int, bins: int, describe: Describe) -> None:
        super().__init__()
        self.classes = classes
        self.channels = channels
        self.describe = describe
        pairs = classes * (classes - 1) // 2
        self.support_vectors = _fixed(torch.zeros(0, channels * bins))
        self.dual = _fixed(torch.zeros(pairs, 0))  # of a pair (i, j), above 0 for i
        self.intercept = _fixed(torch.zeros(pairs))
        self.gamma = _fixed(torch.ones(()))

    def features(self, pixels: Tensor, tick: Tick | None = None) -> Tensor:
        """float64 [N, channels * bins] of uint8 [N, channels, H, W]; `tick` counts images."""
        found = torch.empty(len(pixels), self.support_vectors.shape[1], dtype=torch.float64)
        for number, image in enumerate(pixels.cpu().numpy()):
            histograms = [self.describe(channel) for channel in image]
            found[number] = torch.from_numpy(np.sqrt(np.concatenate(histograms)))
            if tick is not None:
                tick(number + 1, len(pixels))
        return found

    def forward(self, x: Tensor) -> Tensor:
        features = self.features((x * 256).round().to(torch.uint8)).to(self.gamma)
        return self.scores(features)

    def scores(self, features: Tensor) -> Tensor:
        """Scores [N, classes] of features [N, channels * bins]."""
        # The shortcut by a matrix product would lose the digits that two near histograms differ in.
        distances = torch.cdist(features, self.support_vectors, compute_mode="donot_use_mm_for_euclid_dist")
        decisions = torch.exp(-self.gamma * distances**2) @ self.dual.T + self.intercept
        votes = features.new_zeros(len(features), self.classes)
        sums = torch.zeros_like(votes)
        for pair, (i, j) in enumerate(combinations(range(self.classes), 2)):
            decision = decisions[:, pair]
            votes[:, i] += decision >= 0
            votes[:, j] += decision < 0
            sums[:, i] += decision
            sums[:, j] -= decision
        return votes + sums / (3 * (sums.abs() + 1))

    def adopt(self, machine: SVC) -> None:
        """Take over a fitted SVC with an RBF kernel of a given gamma, and the labels 0, 1, ... of all classes."""
        vectors, dual, intercept = _array(machine.support_vectors_), machine.dual_coef_, machine.intercept_
        if self.classes == 2:  # scikit-learn turns the sign of a single pair: above 0 for class 1
            dual, intercept = -dual, -intercept
        of_class = np.repeat(np.arange(self.classes), machine.n_support_)
        rows = []
        for i, j in combinations(range(self.classes), 2):
            # A vector of class k has one coefficient for each other class, its own left out of the count.
            rows.append(np.where(of_class == i, dual[j - 1], 0) + np.where(of_class == j, dual[i], 0))
        tensors = {
            SUPPORT: torch.from_numpy(vectors),
            "dual": torch.from_numpy(_array(rows)),
            "intercept": torch.from_numpy(_array(intercept)),
            "gamma": torch.tensor(machine.gamma, dtype=torch.float64),
        }
        self.load_state_dict(tensors)

    def state_like(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A state of this machine with as many support vectors as `tensors` have, without values (on torch's "meta"
        device): what the shapes of a file must be."""
        given = tensors.get(SUPPORT)
        count = len(given) if given is not None and given.dim() else 0
        state = {name: tensor.to("meta") for name, tensor in self.state_dict().items()}
        for name in (SUPPORT, "dual"):
            rows, columns = state[name].shape
            shape = (count, columns) if name == SUPPORT else (rows, count)
            state[name] = state[name].new_empty(shape)
        return state

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *rest: object) -> None:
        given = {SUPPORT: state_dict[prefix + SUPPORT]} if prefix + SUPPORT in state_dict else {}
        for name, tensor in self.state_like(given).items():
            mine = getattr(self, name)
            if mine.shape != tensor.shape:
                setattr(self, name, nn.Parameter(mine.new_zeros(tensor.shape), requires_grad=False))
        super()._load_from_state_dict(state_dict, prefix, *rest)


def _fixed(tensor: Tensor) -> nn.Parameter:
    return nn.Parameter(tensor.double(), requires_grad=False)


def _array(values: object) -> NDArray[np.float64]:
    return np.ascontiguousarray(values, dtype=np.float64)
