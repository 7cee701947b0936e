# SPDX-License-Identifier: Apache-2.0
"""report.json as frozen models: what a build measured, in one file that every drawing of it is made from.

Keys may be added within a schema number, never renamed or removed. A reader therefore ignores keys it does not know and
takes a key it misses at its default, but a key that is there must have the right type.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from hwflow.report.blocks import first_word
from hwflow.report.kinds import kind_of

FILE_NAME = "report.json"
SCHEMA: Literal[1] = 1


class Part(BaseModel):
    """A part of a file that a build writes and a report reads."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", allow_inf_nan=False, validate_by_name=True, serialize_by_alias=True
    )


class Performance(Part):
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


class Cost(Part):
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


class GroupCost(Cost):
    """What all nodes of one block of the network cost together, their FIFOs and width converters included."""

    group: str
    count: PositiveInt


class Resources(Cost):
    """The whole design's cost. `budget` has the board's counts under the same names; `fits`: none is exceeded.

    `fifo_bits` is what all FIFOs hold when they are full, `fifo_high_water_bits` the most that each held, both before
    depths are rounded to the shapes of memories.

    `predicted` is what the folding solver expected of this folding before synthesis, `binds` the resource it saw nearest
    to its limit; None and "" where it left no word. `by_group` is in pipeline order.
    """

    source: str
    budget: dict[str, NonNegativeInt | NonNegativeFloat]
    fits: bool
    by_op: tuple[OpCost, ...] = ()
    fifo_bits: NonNegativeInt = 0
    fifo_high_water_bits: NonNegativeInt = 0
    predicted: Cost | None = None
    binds: Literal["lut", "ff", "bram36", "uram", "dsp", ""] = ""
    by_group: tuple[GroupCost, ...] = ()


class CurvePoint(Cost):
    """The cheapest folding for `fps` frames a second, and what it is predicted to cost.

    `cycles` a frame may take at that speed, `bound_cycles` the slowest node needs. Where no folding is as fast, `reached`
    is false and `bound_cycles` belongs to the fastest. `label` is what `--fps` would be given.
    """

    fps: PositiveFloat
    cycles: NonNegativeInt
    bound_cycles: PositiveInt
    fits: bool
    reached: bool = True
    label: str


class NextStep(Part):
    """The next faster folding: its speed, what it costs more than this one (less, below 0), the nodes that change."""

    fps: PositiveFloat
    bound_cycles: PositiveInt
    lut: int = 0
    ff: int = 0
    bram36: float = 0.0
    uram: int = 0
    dsp: int = 0
    nodes: tuple[str, ...] = ()


class StreamCheck(Part):
    """One stream of the stitched design: how many integers were compared, in how many beats one differed, which first."""

    name: str
    layer: str
    values: NonNegativeInt
    mismatches: NonNegativeInt = 0
    first_mismatch: str | None = None


class Run(Part):
    """One simulation. Stalls are the share of cycles, in percent, in which that end of the accelerator was held."""

    name: str
    frames: PositiveInt
    cycles: NonNegativeInt
    input_stall_percent: NonNegativeFloat = 0.0
    output_stall_percent: NonNegativeFloat = 0.0
    seed: int | None = None
    mismatches: NonNegativeInt = 0


class Verification(Part):
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
    """One hardware node, in pipeline order: `cycles` a frame without stalls, depth in beats of the FIFO behind it.

    `fastest_cycles` a frame are what it needs at its highest folding, None where nobody has asked. `group` names the block
    of the network that it belongs to, as `Resources.by_group` counts them; "" leaves it to the name's first word.
    """

    name: str
    op: str
    pe: PositiveInt = 1
    simd: PositiveInt = 1
    cycles: NonNegativeInt = 0
    fifo_depth: NonNegativeInt = 0
    fastest_cycles: NonNegativeInt | None = None
    group: str = ""


class GraphNode(Part):
    """A node of the pipeline: a layer by its name, or an end of the pipeline with op "Input" or "Output".

    `group` names the block of the network it belongs to; "" leaves it to the name's leading parts.
    """

    name: str
    op: str
    group: str = ""


class GraphEdge(Part):
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


class Graph(Part):
    nodes: tuple[GraphNode, ...] = ()
    edges: tuple[GraphEdge, ...] = ()


class Stage(Part):
    name: str
    seconds: NonNegativeFloat
    cached: bool


class Report(Part):
    """One build. `recipe` is "" for a network that came as an ONNX file; `advice` holds whole sentences.

    `curve` and `next_step` are the folding solver's predictions, in rising speed, empty and None where it left none.
    """

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
    curve: tuple[CurvePoint, ...] = ()
    next_step: NextStep | None = None

    @property
    def target_cycles(self) -> int | None:
        """Cycles that one frame may take at the asked speed, or None if none was asked."""
        fps = self.performance.target_fps
        return None if fps is None else int(self.clock_mhz * 1e6 / fps)

    @property
    def bottleneck(self) -> Layer | None:
        """The slowest node, the first of several equals; None where no node has cycles.

        A FIFO or width converter, which takes as long as the node before it sends, is it only where nothing else is.
        """
        slowest = max(self.layers, key=lambda layer: (layer.cycles, kind_of(layer.op) != "buffer"), default=None)
        return slowest if slowest is not None and slowest.cycles > 0 else None


def cost_by_op(layers: Sequence[Layer]) -> tuple[OpCost, ...]:
    """What the layers of each op cost together, the op with most LUTs first."""
    ops = _gathered(layers, lambda layer: layer.op)
    costs = [OpCost(op=op, count=len(members), **total(members)) for op, members in ops.items()]
    return tuple(sorted(costs, key=lambda cost: (-cost.lut, cost.op)))


def cost_by_group(layers: Sequence[Layer]) -> tuple[GroupCost, ...]:
    """What the layers of each block cost together, in the order in which the blocks come."""
    groups = _gathered(layers, group_of)
    return tuple(GroupCost(group=group, count=len(members), **total(members)) for group, members in groups.items())


def group_of(layer: Layer) -> str:
    """The block of the network that a layer belongs to."""
    return layer.group or first_word(layer.name)


def total(costs: Sequence[Cost]) -> dict[str, Any]:
    """The sum of each resource, under its key."""
    return {key: sum(getattr(cost, key) for cost in costs) for key in Cost.model_fields}


def _gathered(layers: Sequence[Layer], key: Callable[[Layer], str]) -> dict[str, list[Layer]]:
    found: dict[str, list[Layer]] = {}
    for layer in layers:
        found.setdefault(key(layer), []).append(layer)
    return found


def report_path(folder: Path) -> Path:
    """report.json of a build folder."""
    return folder / FILE_NAME
