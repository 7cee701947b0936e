# SPDX-License-Identifier: Apache-2.0
"""What cocotb runs: the beats of a file into the accelerator, and what comes out in so many cycles counted."""

import json
import os
import time
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge


@cocotb.test()
async def frames(dut) -> None:  # type: ignore[no-untyped-def]
    job = json.loads(Path(os.environ["HWFLOW_JOB"]).read_text())
    beats, width = bytes.fromhex(job["beats"]), job["bytes"]
    words = [int.from_bytes(beats[at : at + width], "little") for at in range(0, len(beats), width)]
    cocotb.start_soon(Clock(dut.ap_clk, 2, unit="step").start())
    data, valid, ready = dut.in0_V_TDATA, dut.in0_V_TVALID, dut.in0_V_TREADY
    out_valid = dut.out0_V_TVALID
    edge = RisingEdge(dut.ap_clk)
    valid.value = 0
    dut.out0_V_TREADY.value = 1
    dut.ap_rst_n.value = 0
    for _ in range(8):
        await edge
    dut.ap_rst_n.value = 1
    data.value = words[0]
    valid.value = 1
    taken = given = 0
    start = time.process_time()
    for _ in range(job["cycles"]):
        await edge
        if ready.value:
            taken += 1
            if taken < len(words):
                data.value = words[taken]
            else:
                valid.value = 0
        if out_valid.value:
            given += 1
    seconds = time.process_time() - start
    Path(job["result"]).write_text(json.dumps({"seconds": seconds, "taken": taken, "given": given}))
