# SPDX-License-Identifier: Apache-2.0
"""Blocks of the network from the names of tensors: hwflow's own, and those of other exporters."""

import pytest

from hwflow.report.blocks import blocks_of_tensors, first_word, groups_of_blocks
from hwflow.report.schema import Layer, cost_by_group

OURS = {
    "image.fifo": ("stem", "stem"),
    "stem.conv.window": ("stem", "stem"),
    "stem.pool.copy0.fifo": ("stem", "stem"),
    "stem.pool.copy1.fifo.gather": ("stem", "stem"),
    "stage2.0.right.conv1.sign": ("stage2.0", "stage2"),
    "stage2.0.right.conv1.sign.width": ("stage2.0", "stage2"),
    "stage3.7.split.0.fifo": ("stage3.7", "stage3"),
    "head.sum": ("head", "head"),
    "logits": ("head", "head"),
    "label.fifo": ("head", "head"),
}
THEIRS = {
    "onnx::Mul_0.fifo": "conv_features.1",
    "/conv_features.1/Conv_output_0.window": "conv_features.1",
    "/conv_features.3/act_quant/export_handler/BipolarQuant_output_0.fifo": "conv_features.3",
    "/linear_features.0/MatMul_output_0": "linear_features.0",
    "label": "linear_features.0",
}


def test_fifos_and_width_converters_are_in_the_block_of_their_tensor() -> None:
    blocks = blocks_of_tensors(list(OURS))
    assert dict(zip(OURS, zip(blocks, groups_of_blocks(blocks), strict=True), strict=True)) == OURS


def test_names_of_another_exporter() -> None:
    blocks = blocks_of_tensors(list(THEIRS))
    assert blocks == list(THEIRS.values())
    assert groups_of_blocks(blocks) == blocks  # two lists of layers would tell nothing


def test_many_layers_in_one_list_are_not_told_apart() -> None:
    blocks = [f"features.{index}" for index in range(60)]
    assert set(groups_of_blocks(blocks)) == {"features"}


def test_names_without_modules_are_left_to_the_nodes() -> None:
    assert blocks_of_tensors(["x", "Conv_0", "Conv_1"]) == ["", "", ""]
    assert blocks_of_tensors([]) == []
    costs = cost_by_group([Layer(name="Conv_0", op="BinaryMVAU", lut=3), Layer(name="Conv_1", op="BinaryMVAU", lut=4)])
    assert [(cost.group, cost.lut, cost.count) for cost in costs] == [("Conv", 7, 2)]


@pytest.mark.parametrize(
    ("name", "word"), [("stage2_0_add", "stage2"), ("head.conv", "head"), ("MVAU", "MVAU"), ("_x", "_x")]
)
def test_first_word(name: str, word: str) -> None:
    assert first_word(name) == word


def test_cost_by_group_adds_up_in_pipeline_order() -> None:
    layers = [
        Layer(name="a", op="X", group="stem", lut=5, ff=1, bram36=0.5),
        Layer(name="b", op="Y", group="head", lut=30, dsp=2),
        Layer(name="c", op="ElasticFIFO", group="stem", lut=7, bram36=1.5),
    ]
    assert [(c.group, c.count, c.lut, c.ff, c.bram36, c.dsp) for c in cost_by_group(layers)] == [
        ("stem", 2, 12, 1, 2.0, 0),
        ("head", 1, 30, 0, 0.0, 2),
    ]
