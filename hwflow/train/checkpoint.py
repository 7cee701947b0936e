# SPDX-License-Identifier: Apache-2.0
"""The state of a run between two epochs, in one safetensors file that appears whole or not at all.

Tensors: `network.NAME`, `best.NAME`, and `optimizer.INDEX.KEY` of Adam, with the rest as JSON in the file's metadata.
Random numbers need no state: each epoch draws from a generator seeded by its number.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from hwflow.errors import UserError
from hwflow.files import publish

CHECKPOINT_FILE = "checkpoint.safetensors"


@dataclass(frozen=True)
class Row:
    """What the log says of one epoch. Scores are fractions: top-1 or Dice; `seconds` is wall time."""

    stage: str
    epoch: int
    learning_rate: float
    loss: float
    train_score: float
    validation_score: float
    seconds: float


@dataclass
class State:
    """Where a run stands: `epoch` epochs of stage number `stage` are done."""

    run: dict[str, str]
    """What makes the run: model, recipe, data, seed. A checkpoint of another run is refused."""
    stage: int = 0
    epoch: int = 0
    best_score: float = -1.0
    best_epoch: int = 0
    best: dict[str, Tensor] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)


def save_checkpoint(path: Path, state: State, network: nn.Module, optimizer: torch.optim.Adam) -> None:
    """Write the checkpoint in place of the one before."""
    tensors = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    tensors |= {f"best.{name}": tensor for name, tensor in state.best.items()}
    for index, values in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": value for key, value in values.items()}
    tensors = {name: tensor.clone().contiguous() for name, tensor in tensors.items()}
    rest = {
        "run": state.run,
        "stage": state.stage,
        "epoch": state.epoch,
        "best_score": state.best_score,
        "best_epoch": state.best_epoch,
        "rows": [asdict(row) for row in state.rows],
    }
    content = save(tensors, metadata={"state": json.dumps(rest)})
    publish(path, lambda beside: beside.write_bytes(content))


def load_checkpoint(path: Path, run: dict[str, str]) -> tuple[State, dict[str, Tensor], dict[int, dict[str, Tensor]]]:
    """The state, the network's tensors and Adam's tensors by parameter index.

    Raises UserError if the file is broken or belongs to another run than `run`.
    """
    try:
        with safe_open(path, framework="pt") as file:
            rest = json.loads(file.metadata()["state"])
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        rows = [Row(**row) for row in rest.pop("rows")]
        state = State(rows=rows, best=_below("best.", tensors.items()), **rest)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not a whole checkpoint ({error}); remove it to begin again") from None
    for key, value in run.items():
        if state.run.get(key) != value:
            raise UserError(
                f"{path}: belongs to a run with another {key} ({state.run.get(key)}, now {value}); "
                "remove it to begin again, or choose another --out"
            )
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _below("optimizer.", tensors.items()).items():
        index, key = name.split(".", 1)
        moments.setdefault(int(index), {})[key] = tensor
    return state, _below("network.", tensors.items()), moments


def _below(prefix: str, tensors: Iterable[tuple[str, Tensor]]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors if name.startswith(prefix)}
