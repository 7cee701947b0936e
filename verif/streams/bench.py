# SPDX-License-Identifier: Apache-2.0
"""One bench for all stream operators: variants of a module side by side in one simulation, each against its numpy model.

A variant is a set of parameters with the beats that go in and the beats that must come out. All variants of a module share
one Verilator model, so that a new set of parameters costs no compiler run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwflow import verilog
from hwflow.sim import engine, verilate

RTL = Path(__file__).resolve().parents[2] / "hwflow" / "hw" / "rtl"
SIM_MODELS = RTL.parent / "sim_models"

Integers = NDArray[np.int64]

# Probabilities that an input offers no beat and that an output takes none.
STALLS = ((0.0, 0.5), (0.5, 0.0), (0.3, 0.3), (0.8, 0.1), (0.1, 0.8))


@dataclass(frozen=True)
class Beats:
    """Beats on a stream: `values` are [beats, elements], of which each takes `bits`; negative ones in two's complement."""

    values: Integers
    bits: int

    @property
    def width(self) -> int:
        return self.values.shape[1] * self.bits

    def bytes(self) -> NDArray[np.uint8]:
        """[beats, bytes], the lowest byte first, as the simulation takes them."""
        planes = (self.values[:, :, None] >> np.arange(self.bits)) & 1
        return np.packbits(planes.reshape(len(self.values), -1).astype(np.uint8), axis=1, bitorder="little")


@dataclass(frozen=True)
class Variant:
    """Parameters of a module, `frames` frames of beats by port name, and what a frame may take.

    `cycles`: cycles from a frame's last output beat to the next one's, once the stream is steady and nobody stalls.
    """

    parameters: Mapping[str, int | str]
    inputs: Mapping[str, Beats]
    outputs: Mapping[str, Beats]
    frames: int
    cycles: int


def exercise(
    module: str,
    variants: Sequence[Variant],
    work: Path,
    *,
    sources: Sequence[Path] | None = None,
    stalls: Sequence[tuple[float, float]] = STALLS,
) -> None:
    """Run all variants without stalls and with each of `stalls`; every beat must be as expected and none left over.

    Without stalls the distance of frames must be `cycles`. AssertionErrors name the variant.
    """
    top = work / f"gallery_{module}.sv"
    top.write_text(gallery(module, variants))
    library = verilate.build(top.stem, [*(sources or [RTL / f"{module}.sv"]), top], work)
    simulation = engine.Simulation(library)
    feed = {f"v{i}_{name}": beats.bytes() for i, v in enumerate(variants) for name, beats in v.inputs.items()}
    expect = {f"v{i}_{name}": beats.bytes() for i, v in enumerate(variants) for name, beats in v.outputs.items()}
    for seed, (stall_in, stall_out) in enumerate(((0.0, 0.0), *stalls)):
        result = simulation.run(
            feed,
            {name: len(beats) for name, beats in expect.items()},
            expect=expect,
            stall_in=stall_in,
            stall_out=stall_out,
            seed=seed,
            max_cycles=20_000_000,
            patience=2_000,
            drain=300,
            keep=1,
        )
        stalled = f"{module}, stalls {stall_in} in, {stall_out} out"
        first = {m.stream: f"{m.stream} beat {m.beat}: {m.got.hex()} for {m.expected.hex()}" for m in result.mismatches}
        bad = sorted({*first, *result.leftovers, *result.missing})
        assert not bad, f"{stalled}: " + "; ".join(
            f"{dict(variants[int(name.partition('_')[0][1:])].parameters)}: {first.get(name, '')} "
            f"missing {result.missing.get(name, 0)} left over {result.leftovers.get(name, 0)}"
            for name in bad[:3]
        )
        assert result.deadlock is None, f"{stalled}: {result.deadlock}"
        if seed == 0:
            for index, variant in enumerate(variants):
                _check_pace(module, index, variant, result)


def _check_pace(module: str, index: int, variant: Variant, result: engine.RunResult) -> None:
    for name, beats in variant.outputs.items():
        ends = result.output_cycles[f"v{index}_{name}"].reshape(variant.frames, -1)[:, -1]
        assert len(beats.values) % variant.frames == 0
        # The first frame fills the pipeline; the input ends with the last one, so all others are steady.
        distances = np.diff(ends)[1:]
        assert distances.size, "three frames are needed to see a steady distance"
        assert set(distances.tolist()) == {variant.cycles}, (
            f"{module} {dict(variant.parameters)}: frames {distances.tolist()} cycles apart, {variant.cycles} promised"
        )


def gallery(module: str, variants: Sequence[Variant]) -> str:
    """A top with every variant beside the others; the streams of variant i are called v<i>_in0_V and so on.

    A module with one vector port `out_V` for several outputs (hwf_fork) is told by its outputs out0_V, out1_V ... and
    the parameter COPIES.
    """
    ports = ["input logic ap_clk", "input logic ap_rst_n"]
    instances = []
    for index, variant in enumerate(variants):
        links = [".ap_clk", ".ap_rst_n"]
        flat = "COPIES" in variant.parameters
        for direction, back, streams in (
            ("input", "output", variant.inputs),
            ("output", "input", variant.outputs),
        ):
            for name, beats in streams.items():
                wire = f"v{index}_{name}"
                ports += [
                    f"{direction} logic [{beats.width - 1}:0] {wire}_TDATA",
                    f"{direction} logic {wire}_TVALID",
                    f"{back} logic {wire}_TREADY",
                ]
                if not (flat and direction == "output"):
                    links += [f".{name}_{part}({wire}_{part})" for part in ("TDATA", "TVALID", "TREADY")]
        if flat:
            for part in ("TDATA", "TVALID", "TREADY"):
                wires = ", ".join(f"v{index}_{name}_{part}" for name in reversed(variant.outputs))
                links.append(f".out_V_{part}({{{wires}}})")
        fixed = ", ".join(f".{name}({verilog.literal(value)})" for name, value in variant.parameters.items())
        instances.append(f"  {module} #({fixed}) v{index} ({', '.join(links)});")
    return "\n".join([f"module gallery_{module} (", ",\n".join(f"  {p}" for p in ports), ");", *instances, "endmodule", ""])
