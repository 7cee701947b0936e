# SPDX-License-Identifier: Apache-2.0
"""report.json as frozen models: what a build measured, in one file that every drawing of it is made from.

Keys may be added within a schema number, never renamed or removed. A reader therefore ignores keys it does not know and
takes a key it misses at its default, but a key that is there must have the right type.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

FILE_NAME = "report.json"
SCHEMA: Literal[1] = 1


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="ignore", allow_inf_nan=False, validate_by_name=True, serialize_by_alias=True
    )


class Performance(_Part):
    """Speed, measured or estimated (`source`: "rtlsim" or "estimate").

    `cycles_per_frame` is the distance of two frames in a steady stream, `bound_cycles` what the slowest node needs for
    one; `latency_cycles` runs from the first beat in to the last beat out of one frame in an empty pipeline.
    """

    source: str
    cycles_per_frame: NonNegativeInt
    bound_cycles: NonNegativeInt
    fps: NonNegativeFloat
    latency_cycles: NonNegativeInt
    latency_ms: NonNegativeFloat
    target_fps: PositiveFloat | None = None


class Cost(_Part):
    """LUTs as LUT6 sites and LUTRAM/SRL sites, flip-flops, BRAM in 36-kbit blocks, UltraRAM blocks, DSP slices."""

    lut: NonNegativeInt = 0
    ff: NonNegativeInt = 0
    bram36: NonNegativeFloat = 0.0
    uram: NonNegativeInt = 0
    dsp: NonNegativeInt = 0


class OpCost(Cost):
    """What all nodes of one op cost together."""

    op: str
    count: PositiveInt


class Resources(Cost):
    """The whole design's cost. `budget` has the board's counts under the same names; `fits`: none is exceeded.

    `fifo_bits` is what all FIFOs hold when they are full, `fifo_high_water_bits` the most that each held, both before
    depths are rounded to the shapes of memories.
    """

    source: str
    budget: dict[str, NonNegativeInt | NonNegativeFloat]
    fits: bool
    by_op: tuple[OpCost, ...] = ()
    fifo_bits: NonNegativeInt = 0
    fifo_high_water_bits: NonNegativeInt = 0


class StreamCheck(_Part):
    """One stream of the stitched design: how many integers were compared, in how many beats one differed, which first."""

    name: str
    layer: str
    values: NonNegativeInt
    mismatches: NonNegativeInt = 0
    first_mismatch: str | None = None


class Run(_Part):
    """One simulation. Stalls are the share of cycles, in percent, in which that end of the accelerator was held."""

    name: str
    frames: PositiveInt
    cycles: NonNegativeInt
    input_stall_percent: NonNegativeFloat = 0.0
    output_stall_percent: NonNegativeFloat = 0.0
    seed: int | None = None
    mismatches: NonNegativeInt = 0


class Verification(_Part):
    """What was compared with the trained network, exactly and as integers. `frames` 0: nothing was.

    `problems` are sentences on what no comparison of streams shows: a deadlock, RTL that is not what its graph says.
    """

    frames: NonNegativeInt
    tensors: NonNegativeInt
    values: NonNegativeInt
    mismatches: NonNegativeInt
    labels_equal: bool
    streams: tuple[StreamCheck, ...] = ()
    runs: tuple[Run, ...] = ()
    problems: tuple[str, ...] = ()


class Layer(Cost):
    """One hardware node, in pipeline order: `cycles` a frame without stalls, depth in beats of the FIFO behind it."""

    name: str
    op: str
    pe: PositiveInt = 1
    simd: PositiveInt = 1
    cycles: NonNegativeInt = 0
    fifo_depth: NonNegativeInt = 0


class GraphNode(_Part):
    """A node of the pipeline: a layer by its name, or an end of the pipeline with op "Input" or "Output".

    `group` names the block of the network it belongs to; "" leaves it to the name's leading parts.
    """

    name: str
    op: str
    group: str = ""


class GraphEdge(_Part):
    """One stream: `bits` an element, `elements` a frame, `cycles` (beats) a frame, its shape as (C, H, W) or (C,).

    `fifo_depth` and `high_water`, the most that stood in the FIFO in any run, are in beats.
    """

    source: str = Field(alias="from")
    target: str = Field(alias="to")
    bits: PositiveInt
    elements: PositiveInt
    cycles: PositiveInt
    shape: tuple[PositiveInt, ...] = ()
    fifo_depth: NonNegativeInt = 0
    high_water: NonNegativeInt = 0


class Graph(_Part):
    nodes: tuple[GraphNode, ...] = ()
    edges: tuple[GraphEdge, ...] = ()


class Stage(_Part):
    name: str
    seconds: NonNegativeFloat
    cached: bool


class Report(_Part):
    """One build. `recipe` is "" for a network that came as an ONNX file; `advice` holds whole sentences."""

    schema_number: Literal[1] = Field(default=SCHEMA, alias="schema")
    model: str
    recipe: str = ""
    board: str
    part: str
    clock_mhz: PositiveInt | PositiveFloat
    input_shape: tuple[PositiveInt, ...]
    performance: Performance
    resources: Resources
    verification: Verification
    layers: tuple[Layer, ...]
    graph: Graph = Graph()
    stages: tuple[Stage, ...]
    versions: dict[str, str]
    advice: tuple[str, ...] = ()

    @property
    def target_cycles(self) -> int | None:
        """Cycles that one frame may take at the asked speed, or None if none was asked."""
        fps = self.performance.target_fps
        return None if fps is None else int(self.clock_mhz * 1e6 / fps)

    @property
    def bottleneck(self) -> Layer | None:
        """The slowest node, the first of several equals; None where no node has cycles."""
        slowest = max(self.layers, key=lambda layer: layer.cycles, default=None)
        return slowest if slowest is not None and slowest.cycles > 0 else None


def cost_by_op(layers: Sequence[Layer]) -> tuple[OpCost, ...]:
    """What the layers of each op cost together, the op with most LUTs first."""
    ops: dict[str, list[Layer]] = {}
    for layer in layers:
        ops.setdefault(layer.op, []).append(layer)
    costs = [
        OpCost(
            op=op,
            count=len(group),
            lut=sum(layer.lut for layer in group),
            ff=sum(layer.ff for layer in group),
            bram36=sum(layer.bram36 for layer in group),
            uram=sum(layer.uram for layer in group),
            dsp=sum(layer.dsp for layer in group),
        )
        for op, group in ops.items()
    ]
    return tuple(sorted(costs, key=lambda cost: (-cost.lut, cost.op)))


def report_path(folder: Path) -> Path:
    """report.json of a build folder."""
    return folder / FILE_NAME
