# SPDX-License-Identifier: Apache-2.0
"""How many numbers a network learned, and how many bits its weights take."""

from collections.abc import Iterator

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from hwflow.nn import BinaryConv2d, RPReLU, RSign, RSiLU

# Hardware folds these into thresholds, so they are no weights to be stored.
_FOLDED = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.PReLU, RSign, RPReLU, RSiLU)


def is_one_bit(module: nn.Module) -> bool:
    """Whether the convolution `module` has 1-bit weights and 1-bit activations.

    A `BinaryConv2d` has, and a module of any class with an attribute `one_bit`, if that is true. A `BinaryConv2d` that
    takes wider activations says `one_bit = False`.
    """
    return bool(getattr(module, "one_bit", isinstance(module, BinaryConv2d)))


def parameter_count(network: nn.Module) -> int:
    """Learnable numbers; one that several modules share counts once."""
    return sum(parameter.numel() for parameter in network.parameters())


def weight_bits(network: nn.Module) -> int:
    """Bits of all parameters that are neither of a normalisation nor of an activation."""
    return sum(numbers * bits for numbers, bits in _weights(network))


def own_parameters(module: nn.Module) -> int:
    """Learnable numbers that `module` holds itself, not in a submodule."""
    return sum(parameter.numel() for parameter in module.parameters(recurse=False))


def is_quantiser_part(module: nn.Module) -> bool:
    """Whether `module` is an inner part of a Brevitas quantiser, of which the parameters are scales."""
    return type(module).__module__.startswith(("brevitas.core.", "brevitas.proxy."))


def _weights(network: nn.Module) -> Iterator[tuple[int, int]]:
    seen: set[int] = set()
    for module in network.modules():
        if isinstance(module, _FOLDED) or is_quantiser_part(module):
            continue
        for name, parameter in module.named_parameters(recurse=False):
            if id(parameter) not in seen:
                seen.add(id(parameter))
                stored = parameter.element_size() * 8
                yield parameter.numel(), _quantised_bits(module, stored) if name == "weight" else stored


def _quantised_bits(module: nn.Module, stored: int) -> int:
    if isinstance(module, BinaryConv2d) or getattr(module, "one_bit", False):
        return 1  # also while it trains with real weights
    quantiser = getattr(module, "weight_quant", None)
    if quantiser is None or not getattr(quantiser, "is_quant_enabled", False):
        return stored
    return int(quantiser.bit_width())
