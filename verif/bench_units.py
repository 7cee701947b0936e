# SPDX-License-Identifier: Apache-2.0
"""What parts of a built design take, as sums over their nodes: a whole unit of a network, say.

    python verif/bench_units.py DIR PREFIX...

DIR is a build folder that has come up to its FIFO depths (`hwflow build ... --until fifo`). For each prefix the nodes whose
names begin with it are synthesised with today's modules, and summed by kind of operator. Counts are Yosys's, before place
and route, and kept in hwflow's cache.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hwflow.cache import cache_root
from hwflow.errors import UserError
from hwflow.flow.back import RTL, read_sizing
from hwflow.sim.design import load_design
from hwflow.synth.operators import node_jobs
from hwflow.synth.resources import Resources
from hwflow.synth.yosys import synthesise_all


@dataclass(frozen=True)
class Share:
    """Nodes of one leaf, and what they take together."""

    leaf: str
    nodes: int
    cost: Resources


def measure(folder: Path, prefix: str) -> list[Share]:
    """The nodes that begin with `prefix`, by leaf, the largest number of LUTs first.

    Raises UserError for a folder that is no build, and where no node begins so.
    """
    if not (folder / "fifo.yaml").exists():
        raise UserError(f"{folder / 'fifo.yaml'}: no such file; run hwflow build up to the stage fifo first")
    design = load_design(folder / RTL)
    nodes = [node for node in design.graph.node if node.name.startswith(prefix)]
    jobs = node_jobs(design, nodes, read_sizing(folder).depths)
    if not jobs:
        raise UserError(f"{folder}: no node begins with {prefix}")
    costs = synthesise_all(jobs, cache=cache_root() / "synth")
    shares: dict[str, Share] = {}
    for name, job in jobs.items():
        so_far = shares.get(job.top, Share(job.top, 0, Resources()))
        shares[job.top] = Share(job.top, so_far.nodes + 1, so_far.cost + costs[name])
    return sorted(shares.values(), key=lambda share: -share.cost.lut)


def line(what: str, nodes: int, cost: Resources) -> str:
    return f"| {what} | {nodes} | {cost.lut} | {cost.ff} | {cost.bram36:g} | {cost.dsp} |\n"


def main(words: Sequence[str]) -> int:
    if len(words) < 2:
        sys.stderr.write("usage: python verif/bench_units.py DIR PREFIX...\n")
        return 2
    for prefix in words[1:]:
        try:
            shares = measure(Path(words[0]), prefix)
        except UserError as error:
            sys.stderr.write(f"{error}\n")
            return 2
        total = sum((share.cost for share in shares), Resources())
        sys.stdout.write(f"| {prefix}* | nodes | LUT | FF | BRAM36 | DSP |\n" + "|---" * 6 + "|\n")
        sys.stdout.write("".join(line(share.leaf, share.nodes, share.cost) for share in shares))
        sys.stdout.write(line("all", sum(share.nodes for share in shares), total) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
