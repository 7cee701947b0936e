# SPDX-License-Identifier: Apache-2.0
"""Depths from high-water marks: which limits are tried, when they are taken back, and what a frame is said to take."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from networks import small_case
from qonnx.core.datatype import DataType

from hwflow.compile.assemble import assemble
from hwflow.compile.fold import Folding
from hwflow.compile.generate import DEPTHS_FILE, read_depths, write_depths, write_rtl
from hwflow.compile.map import to_dataflow
from hwflow.errors import BuildFailed
from hwflow.hw.ops import StreamSpec
from hwflow.sim import design as design_module
from hwflow.sim import sizing
from hwflow.sim.design import OUTPUT, compile_design
from hwflow.sim.engine import Deadlock
from hwflow.sim.pace import spare, steady
from hwflow.sim.sizing import FifoSize, Sizing, allowed_cycles


def test_a_frame_takes_what_lies_between_two_ends_of_a_steady_stream() -> None:
    # Two beats a frame; the ends are at 90, 200, 300, 400: the first distance fills the pipeline.
    assert steady(np.array([50, 90, 150, 200, 250, 300, 350, 400]), 2) == 100
    assert steady(np.array([10, 110]), 1) == 100
    assert steady(np.array([10, 110, 211, 311]), 1) == 100
    assert steady(np.array([0, 100, 200, 301, 401]), 1) == 101, "a fraction of a cycle is rounded up"
    assert steady(np.array([10]), 1) == 0 and steady(np.array([10, 20]), 2) == 0


def test_an_end_stalls_only_where_it_has_time_to_spare() -> None:
    assert spare(1, 1000) == 0.5
    assert spare(200, 1000) == pytest.approx(0.2)
    assert spare(250, 1000) == 0.0 and spare(1000, 1000) == 0.0


def test_the_same_throughput_is_a_percent_or_some_cycles() -> None:
    assert allowed_cycles(100_000) == 101_000
    assert allowed_cycles(500) == 564


def test_file() -> None:
    found = Sizing(1000, 1001, (FifoSize("a", 8, 0, 1), FifoSize("b", 3, 20, 20)))
    assert Sizing.from_yaml(found.to_yaml()) == found
    assert (found.bits, found.high_water_bits, found.depths) == (68, 60, {"a": 1, "b": 20})


STUCK = Deadlock("nothing has moved since cycle 7", 99, (), (), ())


def operator(name: str) -> Any:
    spec = StreamSpec((1, 90), 1, DataType["UINT8"])
    return SimpleNamespace(onnx_node=SimpleNamespace(name=name), streams_in=lambda: (spec,))


def sized(
    monkeypatch: pytest.MonkeyPatch,
    stalled: Callable[[Mapping[str, int]], int | None],
    expected: Mapping[str, int],
    paced: Callable[[Mapping[str, int]], int | None] = lambda limits: 2000,
) -> tuple[Sizing, list[dict[str, int]]]:
    """Depths of FIFOs that hold 168 beats without a limit.

    `stalled` and `paced`: cycles a frame at some depths with stalls, and within limits without (None: deadlock). Also
    returns all depths that were run with stalls.
    """
    tried: list[dict[str, int]] = []

    def result(taken: int | None, marks: Mapping[str, int]) -> Any:
        return SimpleNamespace(taken=taken, marks=marks, deadlock=STUCK if taken is None else None)

    class Runs:
        def __init__(self, *_: object) -> None:
            pass

        def deepen(self, _: object) -> bool:
            return False

        def paced(self, limits: Mapping[str, int]) -> Any:
            return result(paced(limits), {name: limits.get(name, 168) for name in expected})

        def stalled(self, depths: Mapping[str, int]) -> Any:
            tried.append(dict(depths))
            return result(stalled(depths), {})

        def steady(self, result: Any) -> int:
            return int(result.taken)

        def marks(self, result: Any) -> dict[str, int]:
            return dict(result.marks)

        def stuck(self, result: Any, _: object) -> str:
            return str(result.deadlock.reason)

    monkeypatch.setattr(sizing, "_Runs", Runs)
    return sizing._size(None, None, [operator(name) for name in expected], expected, None), tried  # type: ignore[arg-type]


def test_a_fifo_holds_what_must_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    found, tried = sized(monkeypatch, lambda _: 2010, {"window": 2, "shortcut": 30})
    assert found == Sizing(2000, 2010, (FifoSize("window", 8, 2, 2), FifoSize("shortcut", 8, 30, 30)))
    assert tried == [{"window": 2, "shortcut": 30}]


@pytest.mark.parametrize("lost", [3000, None])
def test_twice_that_is_tried_where_it_costs_throughput(monkeypatch: pytest.MonkeyPatch, lost: int | None) -> None:
    def paced(limits: Mapping[str, int]) -> int | None:
        return lost if limits.get("shortcut") == 30 else 2000

    found, tried = sized(monkeypatch, lambda _: 2000, {"shortcut": 30}, paced)
    assert found.depths == {"shortcut": 60}
    assert tried == [{"shortcut": 60}], "what loses throughput without stalls is not run with them"


@pytest.mark.parametrize("lost", [3000, None])
def test_then_the_limits_that_cost_nothing(monkeypatch: pytest.MonkeyPatch, lost: int | None) -> None:
    """Two of nine FIFOs need more than twice what is expected: all others keep their limits, and those two what they held."""
    names = [f"f{n}" for n in range(9)]

    def stalled(depths: Mapping[str, int]) -> int | None:
        return lost if min(depths["f3"], depths["f7"]) < 100 else 2000

    found, tried = sized(monkeypatch, stalled, dict.fromkeys(names, 30))
    assert found.depths == {name: 168 if name in ("f3", "f7") else 30 for name in names}
    assert tried[-1] == found.depths and len(tried) < 3 + 2 * 7, "fewer runs than one by one"


def test_looking_for_limits_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every second FIFO needs what it held."""
    names = [f"f{n:03}" for n in range(400)]

    def stalled(depths: Mapping[str, int]) -> int:
        return 3000 if min(depths[name] for name in names[1::2]) < 100 else 2000

    found, tried = sized(monkeypatch, stalled, dict.fromkeys(names, 30))
    assert len(tried) == 2 + sizing.MOST_TRIES + 1
    assert all(found.depths[name] == 168 for name in names[1::2])


@pytest.mark.parametrize("lost", [3000, None])
def test_then_what_was_held_without_a_limit(monkeypatch: pytest.MonkeyPatch, lost: int | None) -> None:
    found, tried = sized(monkeypatch, lambda depths: 2000 if depths["shortcut"] == 168 else lost, {"shortcut": 30})
    assert found == Sizing(2000, 2000, (FifoSize("shortcut", 8, 168, 168),))
    assert tried == [{"shortcut": 30}, {"shortcut": 60}, {"shortcut": 168}]


def test_limits_may_cost_a_percent_and_stalls_some_cycles_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def paced(limits: Mapping[str, int]) -> int:
        return 2000 if limits.get("shortcut") != 30 else 2021

    found, _ = sized(monkeypatch, lambda _: 2064, {"shortcut": 30}, paced)
    assert found.depths == {"shortcut": 60} and found.cycles == 2064


def test_deep_pipelines_take_more_frames() -> None:
    runs = sizing._Runs.__new__(sizing._Runs)
    runs.out_beats, runs.frames, runs.bound = 2, sizing.FRAMES, 24

    def took(first: int) -> Any:
        return SimpleNamespace(output_cycles={OUTPUT: np.array([0, first, 999, 1000])})

    assert not runs.deepen(took(24)) and runs.frames == 3
    assert runs.deepen(took(416)) and runs.frames == 18 + 2, "each frame takes 24 cycles, and 18 are on their way"
    runs.bound, runs.frames = 188_160, sizing.FRAMES
    assert not runs.deepen(took(687_000)) and runs.frames == 3, "large maps have no need of them"


def test_a_deadlock_is_told_with_its_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = sizing._Runs.__new__(sizing._Runs)
    runs.design = None  # type: ignore[assignment]
    stuck: Any = SimpleNamespace(deadlock=STUCK, streams={})
    for ring, told in (("fork -> add -> fork", "fork -> add -> fork"), ("", str(STUCK))):
        monkeypatch.setattr(sizing, "describe", lambda *_, ring=ring: ring)
        assert runs.stuck(stuck, {}) == f"nothing has moved since cycle 7; {told}"


def test_depths_that_cost_throughput_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        BuildFailed, match="2065 cycles a frame at the measured depths, 2000 with FIFOs without a limit"
    ):
        sized(monkeypatch, lambda _: 2065, {"slow": 1})
    with pytest.raises(BuildFailed, match=r"^FIFO sizing: nothing has moved since cycle 7"):
        sized(monkeypatch, lambda _: None, {"slow": 1})
    with pytest.raises(BuildFailed, match=r"^FIFO sizing: nothing has moved since cycle 7"):
        sized(monkeypatch, lambda _: 2000, {"slow": 1}, lambda _: None)


def test_neither_weights_nor_depths_change_the_model_that_is_sized(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    design = assemble(to_dataflow(small_case().model), Folding(1, {}))
    rtl = tmp_path / "rtl"
    write_rtl(design, rtl)
    node = next(n.name for n in design.graph.node if n.op_type == "BinaryMVAU_rtl")
    fifo = next(n.name for n in design.graph.node if n.op_type == "ElasticFIFO_rtl")

    def texts() -> dict[str, str]:
        seen: dict[str, str] = {}

        def build(top: str, sources: list[Path], *_: object, **__: object) -> Path:
            seen.update({path.name: path.read_text() for path in sources})
            return Path(top)

        monkeypatch.setattr(design_module, "build", build)
        compile_design(rtl, design, tmp_path, gauges=[fifo])
        return seen

    before = texts()
    wrapper = rtl / f"{node}.sv"
    text = wrapper.read_text()
    head, rest = text.split(".WEIGHTS(", 1)
    constant, tail = rest.split("'h", 1)
    wrapper.write_text(f"{head}.WEIGHTS({constant}'h1{tail[1:]}")
    assert wrapper.read_text() != text
    write_depths(rtl, read_depths(rtl) | {fifo: 77})
    assert "= 77;" in (rtl / DEPTHS_FILE).read_text()
    assert texts() == before
    assert (rtl / "hwf_threshold.sv").read_text() != before["hwf_threshold.sv"], "tables are not made"
    assert (rtl / "hwf_replay.sv").read_text() == before["hwf_replay.sv"]
