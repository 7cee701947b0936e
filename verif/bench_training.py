# SPDX-License-Identifier: Apache-2.0
"""How long a training step takes, beside the same network written in plain PyTorch with straight-through estimators.

    python verif/bench_training.py [RECIPE] [BATCH]

takes `bi_shufflenet`. Plain is what one would write without a library of quantisers: clamp for the gradient, `detach` for
the value. Both have the same weights and see the same batch; steps alternate, so that a busy machine slows both, and the
ratio is of the medians. Ends with exit code 1 over 1.3.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hwflow.models import find_recipe
from hwflow.nn import BinaryConv2d, IntConv2d, IntLinear, RSign, StepQuant

MOST = 1.3
STEPS = 7


def sign(x: Tensor) -> Tensor:
    clipped = x.clamp(-1, 1)
    return clipped + (torch.where(x >= 0, 1.0, -1.0) - clipped).detach()


def quantised(x: Tensor, step: float, low: int, high: int, floor: bool = False) -> Tensor:
    clipped = x.clamp(low * step, high * step)
    whole = torch.floor(x / step) if floor else torch.round(x / step)
    return clipped + (whole.clamp(low, high) * step - clipped).detach()


def weights(module: IntConv2d | IntLinear) -> Tensor:
    half = 1 << (module.bits - 1)
    return quantised(module.weight, module.step, -half, half - 1)


def plain(module: nn.Module) -> Callable[[Tensor], Tensor] | None:
    """The forward of `module` in plain PyTorch; None where it is plain already."""
    if isinstance(module, RSign):
        return lambda x: sign(x - module.gamma)
    if isinstance(module, StepQuant):
        return lambda x: quantised(x, module.step, *module.range, floor=module.rounding == "floor")
    if isinstance(module, BinaryConv2d):
        pad = (module.border,) * 4
        return lambda x: F.conv2d(F.pad(x, pad, value=-1.0), sign(module.weight), stride=module.stride)
    if isinstance(module, IntConv2d):
        return lambda x: F.conv2d(x, weights(module), stride=module.stride, padding=module.padding)
    if isinstance(module, IntLinear):
        return lambda x: F.linear(x, weights(module))
    return None


def main(words: list[str]) -> int:
    recipe = find_recipe("bi_shufflenet", words[0] if words else "mini")
    size = int(words[1]) if len(words) > 1 else recipe.recipe.training.batch
    torch.manual_seed(0)
    shape = recipe.recipe.input.shape
    images = (torch.randint(0, 256, (size, *shape)) / 256).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, len(recipe.recipe.classes), (size,))
    ours, theirs = recipe.build(), recipe.build()
    theirs.load_state_dict(ours.state_dict())
    for module in theirs.modules():
        forward = plain(module)
        if forward is not None:
            module.forward = forward  # type: ignore[method-assign]
    networks = [network.to(memory_format=torch.channels_last).train() for network in (ours, theirs)]
    optimizers = [torch.optim.Adam(network.parameters(), 1e-3) for network in networks]
    seconds: tuple[list[float], list[float]] = ([], [])
    losses = []
    for _ in range(STEPS + 1):
        for network, optimizer, taken in zip(networks, optimizers, seconds, strict=True):
            start = time.perf_counter()
            loss = F.cross_entropy(network(images) / network.pixels, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            taken.append(time.perf_counter() - start)
            losses.append(loss.item())
    # The first step of both is a warm-up, and shows that they are one network.
    a, b = (statistics.median(taken[1:]) for taken in seconds)
    sys.stdout.write(
        f"{recipe.model} {recipe.name}, batch {size}, a step: hwflow {a:.3f} s, plain PyTorch {b:.3f} s, ratio {a / b:.2f} "
        f"(at most {MOST}); first losses {losses[0]:.6f} and {losses[1]:.6f}\n"
    )
    return int(a > MOST * b)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
