# SPDX-License-Identifier: Apache-2.0
"""Runs in a process of its own, in a folder with design.f (slang's arguments); leaves design.aig and design.json.

Yosys is a global of its process and ends it on errors, which are in the log.
"""

from pyosys import libyosys as ys

STEPS = (
    "read_slang -f design.f",  # without --ignore-assertions: they are the point
    "prep -flatten",
    "async2sync",
    "dffunmap",
    "chformal -lower",
    "memory_map",
    # Registers without an initial value and undefined bits become free inputs before anything may choose a value for them.
    "formalff -clk2ff -ff2anyinit",
    "setundef -undriven -anyseq",
    "opt -full",
    "techmap",
    "opt -full",
    "formalff -anyinit2ff",
    "dffunmap",
    "simplemap",
    "opt_clean",
    "aigmap",
    "opt_clean",
    "write_aiger -zinit -ywmap design.json design.aig",
)


def main() -> None:
    design = ys.Design()
    for step in STEPS:
        ys.run_pass(step, design)


if __name__ == "__main__":
    main()
