# SPDX-License-Identifier: Apache-2.0
"""Blocks of a network, told from the names of its tensors, which are those of the modules that make them."""

import re
from collections.abc import Sequence

# A tensor that went through a fork, a FIFO or a width converter is the same tensor further on.
_FURTHER_ON = re.compile(r"(\.(copy\d+|fifo|width|gather))+$")
_FEW, _MANY = 3, 24


def blocks_of_tensors(tensors: Sequence[str]) -> list[str]:
    """For each tensor, in pipeline order, the block whose module makes it: ``stage2.0`` of ``stage2.0.right.conv1``.

    A tensor without a module (an input, the label) belongs to the block before it, or to the first where none is before.
    All are "" where no tensor has a module.
    """
    found = [_block(tensor) for tensor in tensors]
    last = next((block for block in found if block), "")
    filled = []
    for block in found:
        last = block or last
        filled.append(last)
    return filled


def groups_of_blocks(blocks: Sequence[str]) -> list[str]:
    """The coarser block that each belongs to: ``stage2`` of ``stage2.0``.

    Where that gives too few to tell a cost apart (a network whose layers all lie in one list), the blocks themselves.
    """
    groups = [block.partition(".")[0] for block in blocks]
    return list(blocks) if len(set(groups)) < _FEW and len(set(blocks)) <= _MANY else groups


def first_word(name: str) -> str:
    """``stage2`` of ``stage2_0_right_conv1_add`` or ``stage2.0.right.conv1.add``."""
    return re.split(r"[._]", name, maxsplit=1)[0] or name


def _block(tensor: str) -> str:
    parts = [part for part in re.split(r"[./]", _FURTHER_ON.sub("", tensor)) if part]
    if len(parts) < 2:
        return ""
    return ".".join(parts[:2]) if len(parts) > 2 and parts[1].isdigit() else parts[0]
