# SPDX-License-Identifier: Apache-2.0
"""The generated driver: its bytes are those of the simulation, and what it does with a DMA and a clock."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deploy_sample import CLASSES, Deployed, deploy_brightest
from fake_board import Bytes, install, load_driver
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from qonnx.core.datatype import DataType

from hwflow.deploy.shell import Port
from hwflow.deploy.write import stream_text
from hwflow.hw.ops import StreamSpec
from hwflow.sim.expected import from_bytes, to_bytes

TYPES = (
    "BIPOLAR",
    "BINARY",
    "TERNARY",
    "UINT1",
    "UINT2",
    "INT3",
    "UINT7",
    "UINT8",
    "INT8",
    "INT9",
    "UINT13",
    "INT24",
    "INT32",
)


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A driver for pack and unpack alone; its constants are of no matter."""
    return load_driver(deploy_brightest(tmp_path_factory.mktemp("driver")).folder)


def values_of(name: str, shape: tuple[int, ...], seed: int) -> NDArray[np.int64]:
    dtype = DataType[name]
    random = np.random.default_rng(seed)
    if name == "BIPOLAR":
        return 2 * random.integers(0, 2, shape) - 1
    values = random.integers(int(dtype.min()), int(dtype.max()) + 1, shape)
    values.flat[0], values.flat[-1] = dtype.min(), dtype.max()
    return values


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(TYPES),
    pixels=st.integers(1, 9),
    folds=st.integers(1, 4),
    parallel=st.integers(1, 20),
    seed=st.integers(0, 2**16),
)
def test_bytes_are_the_simulations(driver: Any, name: str, pixels: int, folds: int, parallel: int, seed: int) -> None:
    dtype = DataType[name]
    port = Port(StreamSpec((1, pixels, folds * parallel), parallel, dtype))
    stream = eval(stream_text(port), {"Stream": driver.Stream})
    values = values_of(name, port.shape, seed)
    packed = driver.pack(values, stream)
    beats = to_bytes(values.reshape(-1, parallel), dtype)
    assert packed.shape == (port.beats, port.dma_bytes)
    np.testing.assert_array_equal(packed[:, : port.bytes], beats)
    assert not packed[:, port.bytes :].any()
    np.testing.assert_array_equal(driver.unpack(packed.reshape(-1), stream), values)
    np.testing.assert_array_equal(from_bytes(beats, parallel, dtype).reshape(port.shape), values)


@pytest.mark.parametrize("name", TYPES)
def test_padding_of_the_hardware_is_not_read(driver: Any, name: str) -> None:
    port = Port(StreamSpec((1, 4, 3), 3, DataType[name]))
    stream = eval(stream_text(port), {"Stream": driver.Stream})
    values = values_of(name, port.shape, 1)
    noisy = driver.pack(values, stream)
    noisy[:, port.bytes :] = 0xFF
    used = port.spec.bits % 8
    if used:
        noisy[:, port.bytes - 1] |= 0xFF << used & 0xFF
    np.testing.assert_array_equal(driver.unpack(noisy, stream), values)


# --- around a DMA that answers with the sums that the accelerator would give ---


def answers(made: Deployed, driver: Any) -> Callable[[Bytes], tuple[Bytes, NDArray[np.bool_]]]:
    def stream(beats: Bytes) -> tuple[Bytes, NDArray[np.bool_]]:
        frames = beats.reshape(-1, driver.INPUT.frame_bytes)
        sums = np.stack([driver.unpack(frame, driver.INPUT).sum(axis=(0, 1)) for frame in frames])
        results = sums.argmax(axis=1)[:, None] if driver.TOP1 else sums
        data = np.concatenate([driver.pack(result, driver.OUTPUT) for result in results])
        return data, np.arange(len(data)) % driver.OUTPUT.beats == driver.OUTPUT.beats - 1

    return stream


def started(made: Deployed, monkeypatch: pytest.MonkeyPatch, **options: Any) -> tuple[Any, Any]:
    driver = load_driver(made.folder)
    widths = (driver.INPUT.beat_bytes, driver.OUTPUT.beat_bytes)
    install(monkeypatch, answers(made, driver), *widths, **options)
    return driver, driver.Accelerator()


@pytest.mark.parametrize("head", ["top1", "logits"])
@pytest.mark.parametrize("batch", [1, 3, 64])
def test_run(deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch, head: str, batch: int) -> None:
    made = deploy(head)
    _, accelerator = started(made, monkeypatch)
    accelerator.batch = min(batch, accelerator.batch)
    results = accelerator.run(made.frames.astype(np.uint8))
    assert results.dtype == np.int64
    np.testing.assert_array_equal(results, made.outputs)
    labels = made.outputs if head == "top1" else made.outputs.argmax(axis=1)
    assert accelerator.names(made.frames) == [CLASSES[label] for label in labels]
    assert sys.modules["pynq"].loaded == [str(made.folder / "hwflow.bit")]


def test_one_channel_needs_no_axis(driver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "INPUT", driver.INPUT._replace(shape=(4, 5, 1)))
    assert driver.checked(np.zeros((2, 4, 5), np.uint8)).shape == (2, 4, 5, 1)
    assert driver.checked(np.zeros((2, 4, 5, 1), np.uint8)).shape == (2, 4, 5, 1)


@pytest.mark.parametrize(
    "frames,message",
    [
        (np.zeros((2, 6, 4, 5), np.uint8), r"shape \(2, 6, 4, 5\); \[N, 4, 5, 6\] is wanted"),
        (np.zeros((0, 4, 5, 6), np.uint8), "N at least 1"),
        (np.zeros((1, 4, 5, 6), np.float32), "type float32; integers from 0 to 255"),
        (np.full((1, 4, 5, 6), 256), "values from 256 to 256; the network takes 0 to 255"),
    ],
)
def test_frames_that_do_not_fit(driver: Any, frames: NDArray[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        driver.checked(frames)


@pytest.mark.parametrize("pll,got", [(1000.0, 100.0), (1600.0, 100.0), (1333.333, 95.238071), (960.0, 96.0)])
def test_clock_is_the_next_lower_one(
    deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch, pll: float, got: float
) -> None:
    _, accelerator = started(deploy(), monkeypatch, pll_mhz=pll)
    assert accelerator.clock_mhz == got


def test_measure_and_close(deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch) -> None:
    made = deploy()
    driver, accelerator = started(made, monkeypatch)
    found = accelerator.measure(made.frames, repeats=2)
    assert found["frames"] == len(made.frames)
    assert found["clock_mhz"] == 100.0
    assert found["latency_ms"] > 0 and found["fps"] > 0 and found["run_fps"] > 0
    # Real times of a stand-in on a shared machine have no order; scripted ones show what each figure is made of.
    seconds = iter([0.002, 0.004, 0.008])
    monkeypatch.setattr(driver, "median_seconds", lambda _repeats, work: (work(), next(seconds))[1])
    found = accelerator.measure(made.frames, repeats=2)
    assert found["latency_ms"] == 2.0
    assert found["fps"] == round(found["frames"] / 0.004, 2) >= found["run_fps"] == round(found["frames"] / 0.008, 2)
    accelerator.close()
    assert accelerator._source.freed and accelerator._sink.freed


def test_a_result_that_never_comes(deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch) -> None:
    made = deploy("logits")
    _, accelerator = started(made, monkeypatch)
    accelerator.timeout_s = 0.01
    whole = accelerator._dma.stream

    def without_last_beat(beats: Bytes) -> tuple[Bytes, NDArray[np.bool_]]:
        data, last = whole(beats)
        return data[:-1], last[:-1]

    monkeypatch.setattr(accelerator._dma, "stream", without_last_beat)
    with pytest.raises(TimeoutError, match=r"no output of frame 7 of 7 within 0.01 s"):
        accelerator.run(made.frames)


def test_a_result_of_another_size(deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch) -> None:
    made = deploy("logits")
    _, accelerator = started(made, monkeypatch)
    whole = accelerator._dma.stream
    monkeypatch.setattr(accelerator._dma, "stream", lambda beats: (whole(beats)[0], np.ones(14, np.bool_)))
    with pytest.raises(RuntimeError, match="an output of 8 bytes where a frame has 16"):
        accelerator.run(made.frames)


def test_dma_error(deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch) -> None:
    made = deploy()
    _, accelerator = started(made, monkeypatch)
    accelerator._dma.recvchannel.act = lambda channel, memory: setattr(channel, "error", True)
    with pytest.raises(RuntimeError, match="DMA Internal Error"):
        accelerator.run(made.frames)


def test_memory_beyond_the_dma(deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fake_board.Buffer.physical_address", 0x7FFF_FF00)
    with pytest.raises(MemoryError, match="above 2 GiB"):
        started(deploy(), monkeypatch)


# --- as a program ---


@pytest.mark.parametrize("head", ["top1", "logits"])
def test_check_on_the_board(
    deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], head: str
) -> None:
    made = deploy(head)
    driver, _ = started(made, monkeypatch)
    assert driver.main([]) == 0
    said = capsys.readouterr().out.splitlines()
    keys = ["board", "clock_mhz", "frames", "latency_ms", "fps", "run_fps"]
    assert said[0] == "7 frames, all outputs equal to the trained network's"
    assert [line.partition(":")[0] for line in said[1:]] == keys


def test_check_finds_a_difference(
    deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = deploy("logits")
    driver, _ = started(made, monkeypatch)
    outputs = made.outputs.copy()
    outputs[4, 2] += 1
    np.savez(made.folder / "check.npz", frames=made.frames.astype(np.uint8), outputs=outputs)
    assert driver.main([]) == 1
    there = f"frame 4, output (2,): expected {outputs[4, 2]}, got {made.outputs[4, 2]} (1 differences)"
    assert capsys.readouterr().out == f"NOT EQUAL to the trained network: {there}\n"


def test_own_frames(
    deploy: Callable[..., Deployed],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    made = deploy()
    driver, _ = started(made, monkeypatch)
    np.save(tmp_path / "own.npy", made.frames[:2].astype(np.uint8))
    assert driver.main([str(tmp_path / "own.npy")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == [f"{i}: {CLASSES[made.outputs[i]]}" for i in range(2)]


def test_driver_is_plain_python_of_the_boards(deploy: Callable[..., Deployed]) -> None:
    """PYNQ 2.7 has Python 3.8; the driver imports nothing but the standard library, numpy and pynq."""
    tree = ast.parse((deploy().folder / "driver.py").read_text(), feature_version=(3, 8))
    imports = {n.name for node in ast.walk(tree) if isinstance(node, ast.Import) for n in node.names}
    imports |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imports == {"argparse", "sys", "time", "pathlib", "typing", "numpy", "pynq"}
