# SPDX-License-Identifier: Apache-2.0
"""The network's own tensors as integers: what PyTorch computes in float64, divided by each tensor's scale."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from hwflow.compile.integers import Integers, IntegerTensor
from hwflow.errors import BuildFailed
from hwflow.graph.execute import initializers, run


def module_tensors(network: nn.Module, pixels: Tensor) -> dict[str, Tensor]:
    """What every module of `network` returns, in float64 and eval mode, by module path.

    `pixels` is what the network takes, float64. A module that returns several tensors gives PATH.0, PATH.1.
    """
    found: dict[str, Tensor] = {}

    def remember(path: str, result: object) -> None:
        value = getattr(result, "value", result)
        if isinstance(value, Tensor):
            found[path] = value.detach()
        elif isinstance(value, tuple | list):
            for index, part in enumerate(value):
                remember(f"{path}.{index}", part)

    handles = [
        module.register_forward_hook(lambda _module, _inputs, result, path=path: remember(path, result))
        for path, module in network.named_modules()
        if path
    ]
    try:
        with torch.no_grad():
            found["logits"] = network.double().eval()(pixels)
    finally:
        for handle in handles:
            handle.remove()
    return found


def reference_tensors(
    qonnx: onnx.ModelProto,
    facts: Mapping[str, IntegerTensor],
    frames: Integers,
    network: nn.Module | None,
) -> dict[str, Integers]:
    """Integers of every tensor in `facts` for frames (N, C, H, W) of pixels.

    Values come from the modules of `network`; tensors inside a module, and all where there is no network, come from
    running the QONNX graph in float64, which must agree with the network wherever both have a tensor. Raises
    BuildFailed naming the first tensor where they differ, or where a value is no multiple of its scale.
    """
    source = qonnx.graph.input[0].name
    scale = facts[source].scale
    pixels = torch.from_numpy(frames.astype(np.float64)) * scale
    env = initializers(qonnx, torch.float64)
    env[source] = pixels
    run(qonnx.graph.node, env)
    modules = module_tensors(network, pixels) if network is not None else {}
    if network is not None:
        output = qonnx.graph.output[0].name
        modules.setdefault(output, modules["logits"])
    result = {source: frames.astype(np.int64)}
    for name, fact in facts.items():
        if name == source:
            continue
        value = modules.get(name, env[name])
        if name in modules and (value.shape != env[name].shape or not torch.equal(value, env[name])):
            raise BuildFailed(f"tensor {name}: the exported graph and the PyTorch module give different values")
        integers = value / fact.scale
        if not torch.equal(integers, integers.round()):
            raise BuildFailed(f"tensor {name}: PyTorch's values are no multiples of its scale {fact.scale:g}")
        array = integers.to(torch.int64).numpy()
        if fact.sign is not None:
            array = array * fact.sign.reshape(1, -1, *[1] * (array.ndim - 2))
        result[name] = array
    return result
