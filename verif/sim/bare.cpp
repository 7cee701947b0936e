// SPDX-License-Identifier: Apache-2.0
// The least that a simulation of one input and one output can do: what hwflow's harness is measured against.
// Toggle the clock, offer the next beat of an array whenever the last was taken, take whatever comes, compare nothing.

#include <cstring>

#include "model.h"

// Runs until `wanted` beats have come out; returns the cycles that took, reset apart. `data` is [beats, bytes].
extern "C" uint64_t bare_loop(const uint8_t* data, uint64_t beats, uint64_t bytes, uint64_t wanted) {
    VerilatedContext context;
    const std::unique_ptr<hwf::Model> model = hwf::make_model(context);
    hwf::StreamWires *in = nullptr, *out = nullptr;
    for (hwf::StreamWires& stream : model->streams) {
        if (stream.kind == hwf::Kind::input) in = &stream;
        if (stream.kind == hwf::Kind::output) out = &stream;
    }
    const auto clock = [&](int level) {
        *model->clock = static_cast<CData>(level);
        model->eval();
    };
    *in->valid = 0;
    *out->ready = 1;
    *model->reset_n = 0;
    for (int i = 0; i < 8; ++i) {
        clock(0);
        clock(1);
    }
    *model->reset_n = 1;
    uint64_t cycles = 0, next = 0;
    for (; wanted != 0; ++cycles) {
        if (next < beats) std::memcpy(in->data, data + next * bytes, bytes);
        *in->valid = next < beats;
        clock(0);
        next += *in->valid & *in->ready;
        wanted -= *out->valid & *out->ready;
        clock(1);
        context.timeInc(1);
    }
    return cycles;
}
