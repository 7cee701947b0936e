# SPDX-License-Identifier: Apache-2.0
"""A `pynq` module without a board: buffers, clocks, and a DMA whose streams run through the simulated accelerator."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hwflow.deploy.write import DRIVER

Bytes = NDArray[np.uint8]
# Beats in, [beats, bytes] -> what comes back: beats [beats, bytes] and which of them are a frame's last.
Stream = Callable[[Bytes], tuple[Bytes, NDArray[np.bool_]]]


class Buffer(np.ndarray[Any, Any]):
    physical_address = 0x1680_0000
    freed = False

    def freebuffer(self) -> None:
        self.freed = True


class Channel:
    """As PYNQ's: `transfer` starts, `idle` tells, `wait` ends. Memory is aligned, since the DMA has no realigner."""

    def __init__(self, align: int, act: Callable[[Channel, Bytes], None]) -> None:
        self.align, self.act = align, act
        self.error = False
        self.transferred = 0
        self.pending: Bytes | None = None

    def transfer(self, array: Any, start: int = 0, nbytes: int = 0) -> None:
        assert self.pending is None, "DMA channel not idle"
        assert start % self.align == 0, f"{start} is not aligned to {self.align} bytes"
        self.transferred = 0
        self.pending = array.reshape(-1)[start : start + (nbytes or array.nbytes - start)]

    @property
    def idle(self) -> bool:
        if self.pending is not None:
            self.act(self, self.pending)
        return self.pending is None

    def wait(self) -> None:
        if self.error:
            raise RuntimeError("DMA Internal Error (transfer length 0?)")
        assert self.idle

    def finish(self, count: int) -> None:
        self.pending, self.transferred = None, count


class Dma:
    """Both channels around one stream; a receive ends with TLAST, or never."""

    def __init__(self, stream: Stream, in_bytes: int, out_bytes: int) -> None:
        self.stream, self.in_bytes = stream, in_bytes
        self.beats: list[tuple[Bytes, bool]] = []
        self.sendchannel = Channel(max(4, in_bytes), self._send)
        self.recvchannel = Channel(max(4, out_bytes), self._receive)

    def _send(self, channel: Channel, memory: Bytes) -> None:
        data, last = self.stream(memory.reshape(-1, self.in_bytes).copy())
        self.beats += [(beat, bool(end)) for beat, end in zip(data, last, strict=True)]
        channel.finish(memory.nbytes)

    def _receive(self, channel: Channel, memory: Bytes) -> None:
        if self.sendchannel.pending is not None:
            _ = self.sendchannel.idle
        count = 0
        while self.beats:
            beat, last = self.beats.pop(0)
            assert count + beat.nbytes <= memory.nbytes, "a frame longer than its transfer"
            memory[count : count + beat.nbytes] = beat
            count += beat.nbytes
            if last:
                return channel.finish(count)
        return None


class Clocks:
    """A PLL of `pll_mhz` with a divider; the nearest clock is taken, as PYNQ does."""

    def __init__(self, pll_mhz: float) -> None:
        self.pll_mhz, self.divider = pll_mhz, 16

    @property
    def fclk0_mhz(self) -> float:
        return round(self.pll_mhz / self.divider, 6)

    @fclk0_mhz.setter
    def fclk0_mhz(self, wanted: float) -> None:
        self.divider = min(range(1, 64), key=lambda divider: abs(divider - self.pll_mhz / wanted))


def install(
    monkeypatch: pytest.MonkeyPatch, stream: Stream, in_bytes: int, out_bytes: int, pll_mhz: float = 1000.0
) -> types.ModuleType:
    """Put the fake `pynq` in sys.modules for the test; returns it. `loaded` lists the bitfiles."""
    module = types.ModuleType("pynq")
    loaded: list[str] = []

    class Overlay:
        def __init__(self, bitfile: str) -> None:
            loaded.append(bitfile)
            self.dma = Dma(stream, in_bytes, out_bytes)

    def allocate(shape: tuple[int, ...], dtype: Any) -> Buffer:
        return np.full(shape, 0xA5, dtype).view(Buffer)

    module.Overlay, module.allocate, module.Clocks = Overlay, allocate, Clocks(pll_mhz)  # type: ignore[attr-defined]
    module.loaded = loaded  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pynq", module)
    return module


def load_driver(folder: Path) -> Any:
    """The generated driver as a module."""
    spec = importlib.util.spec_from_file_location("driver", folder / DRIVER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
