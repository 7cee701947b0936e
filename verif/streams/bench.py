# SPDX-License-Identifier: Apache-2.0
"""One bench for all stream operators: variants of modules side by side in one simulation, each against a numpy model.

A variant is a module with its parameters, the beats that go in and the beats that must come out. Many variants share
one Verilator model: the compiler's time hardly grows with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwflow import verilog
from hwflow.files import publish
from hwflow.sim import engine, verilate

RTL = Path(__file__).resolve().parents[2] / "hwflow" / "hw" / "rtl"
SIM_MODELS = RTL.parent / "sim_models"

Integers = NDArray[np.int64]

# Probabilities that an input offers no beat and that an output takes none.
STALLS = ((0.0, 0.0), (0.0, 0.5), (0.5, 0.0), (0.3, 0.3), (0.8, 0.1), (0.1, 0.8))


@dataclass(frozen=True)
class Beats:
    """Beats on a stream: `values` are [beats, elements], of which each takes `bits`, in two's complement."""

    values: Integers
    bits: int

    @property
    def width(self) -> int:
        return int(self.values.shape[1]) * self.bits

    def bytes(self) -> NDArray[np.uint8]:
        """[beats, bytes], the lowest byte first, as the simulation takes them."""
        planes = (self.values[:, :, None] >> np.arange(self.bits)) & 1
        return np.packbits(planes.reshape(len(self.values), -1).astype(np.uint8), axis=1, bitorder="little")


@dataclass(frozen=True)
class Variant:
    """A module's parameters, `frames` frames of beats by port name, and what a frame may take.

    `cycles`: cycles from a frame's last output beat to the next one's, once the stream is steady and nobody stalls.
    """

    module: str
    parameters: Mapping[str, int | str]
    inputs: Mapping[str, Beats]
    outputs: Mapping[str, Beats]
    frames: int
    cycles: int

    def __str__(self) -> str:
        return f"{self.module} {dict(self.parameters)}"


@dataclass(frozen=True)
class Runs:
    """`results[i]` is the run of all `variants` with `stalls[i]`; the first has none."""

    variants: Sequence[Variant]
    stalls: Sequence[tuple[float, float]]
    results: Sequence[engine.RunResult]

    def check(self, module: str) -> None:
        """Every variant of `module`: each beat as expected, none left over, and the promised pace without stalls."""
        own = [(index, variant) for index, variant in enumerate(self.variants) if variant.module == module]
        assert own, f"no variant of {module}"
        for (stall_in, stall_out), result in zip(self.stalls, self.results, strict=True):
            wrong = {m.stream: f"beat {m.beat} is {m.got.hex()} for {m.expected.hex()}" for m in result.mismatches}
            for index, variant in own:
                for name in (*variant.inputs, *variant.outputs):
                    stream = f"v{index}_{name}"
                    problem = (wrong.get(stream), result.missing.get(stream), result.leftovers.get(stream))
                    assert problem == (None, None, None), (
                        f"{variant}, stalls {stall_in} in, {stall_out} out: {name} {problem[0] or ''}, "
                        f"missing {problem[1] or 0}, left over {problem[2] or 0}"
                    )
        for index, variant in own:
            self._check_pace(index, variant)

    def _check_pace(self, index: int, variant: Variant) -> None:
        for name in variant.outputs:
            ends = self.results[0].output_cycles[f"v{index}_{name}"].reshape(variant.frames, -1)[:, -1]
            # The first frame fills the pipeline; from then on the distance is steady.
            distances = np.diff(ends)[1:].tolist()
            assert distances, "three frames are needed to see a steady distance"
            assert set(distances) == {variant.cycles}, f"{variant}: {distances} cycles a frame, not {variant.cycles}"


def run(
    variants: Sequence[Variant],
    work: Path,
    *,
    sources: Sequence[Path] = (),
    stalls: Sequence[tuple[float, float]] = STALLS,
) -> Runs:
    """Simulate all variants, once for each pair of `stalls`. `sources` default to the modules' own files."""
    simulation = build(variants, work, sources=sources)
    feed = {f"v{i}_{name}": beats.bytes() for i, v in enumerate(variants) for name, beats in v.inputs.items()}
    expect = {f"v{i}_{name}": beats.bytes() for i, v in enumerate(variants) for name, beats in v.outputs.items()}
    results = [
        simulation.run(
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
        for seed, (stall_in, stall_out) in enumerate(stalls)
    ]
    return Runs(variants, stalls, results)


def build(
    variants: Sequence[Variant], work: Path, *, sources: Sequence[Path] = (), gauges: Sequence[str] = ()
) -> engine.Simulation:
    """The compiled gallery of `variants`."""
    modules = sorted({variant.module for variant in variants})
    text = gallery(variants)
    # Named by its content: several processes may share the folder.
    top = work / f"gallery_{hashlib.sha256(text.encode()).hexdigest()[:16]}.sv"
    publish(top, lambda path: path.write_text(text))
    files = [*(sources or [RTL / f"{module}.sv" for module in modules]), top]
    return engine.Simulation(verilate.build("gallery", files, work, gauges=gauges))


def gallery(variants: Sequence[Variant]) -> str:
    """A top with every variant beside the others; the streams of variant i are called v<i>_in0_V and so on.

    A module with the parameter COPIES (hwf_fork) has one vector port `out_V` for the outputs out0_V, out1_V ...
    """
    ports = ["input logic ap_clk", "input logic ap_rst_n"]
    instances = []
    for index, variant in enumerate(variants):
        links = [".ap_clk", ".ap_rst_n"]
        flat = "COPIES" in variant.parameters
        for direction, back, streams in (("input", "output", variant.inputs), ("output", "input", variant.outputs)):
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
                wires = ", ".join(f"v{index}_{name}_{part}" for name in reversed([*variant.outputs]))
                links.append(f".out_V_{part}({{{wires}}})")
        fixed = ", ".join(f".{name}({verilog.literal(value)})" for name, value in variant.parameters.items())
        instances.append(f"  {variant.module} #({fixed}) v{index} ({', '.join(links)});")
    return "\n".join(["module gallery (", ",\n".join(f"  {port}" for port in ports), ");", *instances, "endmodule", ""])
