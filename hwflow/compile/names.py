# SPDX-License-Identifier: Apache-2.0
"""Names of tensors as names in SystemVerilog: modules, wires, files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable

LONGEST = 160  # characters; a module's name is that of its file too

_WORDS = """
accept_on alias always always_comb always_ff always_latch and assert assign assume automatic before begin bind bins
binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle checker class clocking cmos config const
constraint context continue cover covergroup coverpoint cross deassign default defparam design disable dist do edge
else end endcase endchecker endclass endclocking endconfig endfunction endgenerate endgroup endinterface endmodule
endpackage endprimitive endprogram endproperty endsequence endspecify endtable endtask enum event eventually expect
export extends extern final first_match for force foreach forever fork forkjoin function generate genvar global highz0
highz1 if iff ifnone ignore_bins illegal_bins implements implies import incdir include initial inout input inside
instance int integer interconnect interface intersect join join_any join_none large let liblist library local
localparam logic longint macromodule matches medium modport module nand negedge nettype new nexttime nmos nor
noshowcancelled not notif0 notif1 null or output package packed parameter pmos posedge primitive priority program
property protected pull0 pull1 pulldown pullup pulsestyle_ondetect pulsestyle_onevent pure rand randc randcase
randsequence rcmos real realtime ref reg reject_on release repeat restrict return rnmos rpmos rtran rtranif0 rtranif1
s_always s_eventually s_nexttime s_until s_until_with scalared sequence shortint shortreal showcancelled signed small
soft solve specify specparam static string strong strong0 strong1 struct super supply0 supply1 sync_accept_on
sync_reject_on table tagged task this throughout time timeprecision timeunit tran tranif0 tranif1 tri tri0 tri1 triand
trior trireg type typedef union unique unique0 unsigned until until_with untyped use uwire var vectored virtual void
wait wait_order wand weak weak0 weak1 while wildcard wire with within wor xnor xor
"""
KEYWORDS = frozenset(_WORDS.split())
"""Reserved words of IEEE 1800-2017, annex B."""

OURS = frozenset({"accelerator", "fifo_depths", "in0_V", "out0_V"})


def operator_name(tensor: str) -> str:
    """A tensor's name as an identifier; different tensors may give the same one (see `distinct`).

    Whatever is no letter or digit becomes an underscore. `n_` stands before what could not start a name, or means
    something already: keywords, hwflow's modules (hwf_*), the device's primitives (all capitals), instances (u_*).
    """
    name = re.sub(r"\W+", "_", tensor, flags=re.ASCII).strip("_")
    if len(name) > LONGEST:
        name = f"{name[: LONGEST - 9]}_{hashlib.sha256(tensor.encode()).hexdigest()[:8]}"
    free = re.match(r"(?!hwf_|u_)[A-Za-z]", name) and re.search("[a-z]", name)
    return name if free and name not in KEYWORDS | OURS else f"n_{name}"


def distinct(names: Iterable[str], uses: Callable[[str], Collection[str]], taken: Iterable[str]) -> list[str]:
    """Each of `names`, with the lowest number behind it that makes all its `uses` new where they are not.

    `uses` tells what a name brings with it; `taken` is what exists already.
    """
    known = set(taken)
    chosen = []
    for name in names:
        candidate, count = name, 1
        while not known.isdisjoint(uses(candidate)):
            count += 1
            candidate = f"{name}.{count}"
        known.update(uses(candidate))
        chosen.append(candidate)
    return chosen
