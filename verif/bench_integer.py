# SPDX-License-Identifier: Apache-2.0
"""How fast the integer engine labels images, against qonnx' own executor on the same streamlined graph, in one run.

    python verif/bench_integer.py [RECIPE]

takes `bi_shufflenet` and surfaces of our generator. Both give the logits of the same images, which must be equal.
Times are a frame's; qonnx runs one image at a time, the engine a batch.
"""

from __future__ import annotations

import statistics
import sys
import time

import numpy as np
import torch
from qonnx.core.onnx_exec import execute_onnx

from hwflow.compile.streamline import streamline
from hwflow.data.synthetic import surfaces
from hwflow.models import find_recipe
from hwflow.nn.export import export_qonnx
from hwflow.sim.golden import BATCH, Golden

SINGLE = 3
ROUNDS = 3


def main(words: list[str]) -> int:
    recipe = find_recipe("bi_shufflenet", words[0] if words else "mini")
    torch.manual_seed(0)
    network = recipe.load() if recipe.weights.is_file() else recipe.build().eval()
    model = streamline(export_qonnx(network, recipe.recipe.input.shape))
    golden = Golden(model)
    images = torch.from_numpy(surfaces(BATCH, recipe.recipe.input.shape, seed=1))
    source, sink = model.graph.input[0].name, model.graph.output[0].name
    single, batch, differing = [], [], 0
    for _ in range(ROUNDS):
        start = time.perf_counter()
        ours = golden(images)
        batch.append((time.perf_counter() - start) / len(images))
        for index in range(SINGLE):
            start = time.perf_counter()
            theirs = execute_onnx(model, {source: images[index : index + 1].numpy().astype(np.float32)})[sink]
            single.append(time.perf_counter() - start)
            differing += int((theirs.reshape(-1) != ours[index].numpy().reshape(-1) * golden.scale).sum())
    slow, fast = statistics.median(single), statistics.median(batch)
    sys.stdout.write(
        f"{recipe.model} {recipe.name}, a frame: qonnx {slow * 1e3:.1f} ms, integer engine {fast * 1e3:.2f} ms, "
        f"{slow / fast:.0f} times faster; {differing} logits differ\n"
    )
    return 1 if differing or slow < 100 * fast else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
