# SPDX-License-Identifier: Apache-2.0
"""Weights in a file: 8 bits behind every 1-bit weight, and the same network afterwards."""

from pathlib import Path

import torch
from torch.testing import assert_close

from hwflow.models import find_recipe, load_weights, save_weights
from hwflow.nn.latent import LATENT_DTYPE, shorten
from hwflow.nn.ste import binarise


def test_the_sign_stays_whatever_the_magnitude() -> None:
    magnitudes = torch.tensor([0.0, 1e-45, 1e-30, 2.0**-18, 2.0**-17, 1e-4, 0.03, 1.0, 5.0])
    latent = torch.cat([magnitudes, -magnitudes])
    stored = shorten(latent)
    assert stored.dtype == LATENT_DTYPE
    assert torch.equal(binarise(stored.float()), binarise(latent))


def test_values_that_training_moves_keep_two_bits_after_the_leading_one() -> None:
    latent = torch.randn(10_000) * 0.03
    large = latent.abs() > 2.0**-14
    assert_close(shorten(latent).float()[large], latent[large], rtol=1 / 8, atol=0)


def test_a_stored_network_computes_the_same_in_a_smaller_file(tmp_path: Path) -> None:
    recipe = find_recipe("u_binet", "mini")
    torch.manual_seed(0)
    network, again = recipe.build().eval(), recipe.build().eval()
    path = tmp_path / "weights.safetensors"
    save_weights(network, path)
    load_weights(again, path)
    images = torch.randint(0, 256, (2, 1, 64, 64)).float()
    with torch.no_grad():
        assert torch.equal(network(images), again(images))
    whole = sum(tensor.numel() * tensor.element_size() for tensor in network.state_dict().values())
    assert path.stat().st_size < whole / 2
