# SPDX-License-Identifier: Apache-2.0
"""Every way in which a node can be folded: cycles, cost, and the elements a beat of its streams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from qonnx.core.modelwrapper import ModelWrapper

from hwflow.costs.model import Cost, CostModel
from hwflow.costs.shapes import Shaper
from hwflow.hw.ops import StreamOp

Values = Mapping[str, int | str]
WASTE = 64
"""An option that works this many times faster than a frame needs is worth no look, where a slower one is fast enough."""


@dataclass(frozen=True)
class Option:
    """One folding of a node: its attributes, cycles a frame, cost, elements a beat of each stream in and out."""

    values: Values
    cycles: int
    cost: Cost
    ins: tuple[int, ...]
    outs: tuple[int, ...]


def choices_of(op: StreamOp) -> dict[str, list[int | str]]:
    """All values of all attributes that the solver may choose, folding first."""
    return {
        **{k: list(v) for k, v in op.folding_choices().items()},
        **{k: list(v) for k, v in op.style_choices().items()},
    }


def options_of(op: StreamOp, model: ModelWrapper, costs: CostModel) -> list[Option]:
    """The node's options, each resource of which some other one needs more of, for the same streams and cycles."""
    shaper = Shaper(op, model)
    before = {key: op.get_nodeattr(key) for key in choices_of(op)}
    found = []
    for values in _combinations(choices_of(op)):
        for key, value in values.items():
            op.set_nodeattr(key, value)
        found.append(
            Option(
                values,
                op.get_exp_cycles(),
                costs.cost(shaper.shape()),
                tuple(s.parallel for s in op.streams_in()),
                tuple(s.parallel for s in op.streams_out()),
            )
        )
    for key, value in before.items():
        op.set_nodeattr(key, value)
    return found


def fastest_cycles(op: StreamOp) -> int:
    """Cycles a frame of the node's fastest folding; the node is left as it is."""
    tried = {key: max(values) for key, values in op.folding_choices().items()}
    before = {key: op.get_nodeattr(key) for key in choices_of(op)}
    least = []
    for impl in op.style_choices().get("impl", [""]):
        for key, value in (*tried.items(), *([("impl", impl)] if impl else [])):
            op.set_nodeattr(key, value)
        least.append(op.get_exp_cycles())
    for key, value in before.items():
        op.set_nodeattr(key, value)
    return min(least)


def allowed_by(wishes: Values, options: Sequence[Option]) -> list[Option]:
    """Those that a target file's wishes for the node allow."""
    return [o for o in options if all(o.values.get(key) == value for key, value in wishes.items())]


def fast_enough(allowed: Sequence[Option], cycles: int) -> list[Option]:
    """Those that need at most `cycles`, or the fastest where none does."""
    fast = [o for o in allowed if o.cycles <= cycles]
    if not fast:
        least = min(o.cycles for o in allowed)
        return [o for o in allowed if o.cycles == least]
    slowest = max(o.cycles for o in fast)
    return _undominated([o for o in fast if o.cycles * WASTE >= slowest])


def _undominated(options: Iterable[Option]) -> list[Option]:
    kept: dict[tuple[tuple[int, ...], tuple[int, ...]], list[Option]] = {}
    for option in options:
        same = kept.setdefault((option.ins, option.outs), [])
        if not any(_covers(other.cost, option.cost) for other in same):
            same[:] = [other for other in same if not _covers(option.cost, other.cost)] + [option]
    return [option for same in kept.values() for option in same]


def _covers(a: Cost, b: Cost) -> bool:
    return a.lut <= b.lut and a.bram18 <= b.bram18 and a.dsp <= b.dsp


def _combinations(choices: Mapping[str, Sequence[int | str]]) -> Iterator[dict[str, int | str]]:
    for values in product(*choices.values()):
        yield dict(zip(choices, values, strict=True))
