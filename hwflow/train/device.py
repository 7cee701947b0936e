# SPDX-License-Identifier: Apache-2.0
"""Where a network learns."""

import torch

from hwflow.errors import UserError

AUTO = "auto"


def find_device(name: str) -> str:
    """The device of torch called `name`; for "auto" a CUDA GPU where there is one, else the CPU.

    Raises UserError if there is no such device here.
    """
    if name == AUTO:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name).cpu()
    # What torch raises is not one kind: for a name it does not know, a GPU that is not there, a build without CUDA.
    except (RuntimeError, AssertionError, NotImplementedError):
        raise UserError(f"--device {name}: torch finds no such device here; use cpu, or leave it out") from None
    return name
