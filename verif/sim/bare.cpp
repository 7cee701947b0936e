// SPDX-License-Identifier: Apache-2.0
// The least that a simulation of one input and one output can do: what hwflow's harness is measured against.
// Toggle the clock, offer the next beat of an array whenever the last was taken, take whatever comes, compare nothing.

#include <cstring>

#include "model.h"

namespace {

class Bare {
public:
    Bare(const uint8_t* data, uint64_t beats, uint64_t bytes, uint64_t wanted)
        : model_{hwf::make_model(context_)}, data_{data}, beats_{beats}, bytes_{bytes}, wanted_{wanted} {
        for (const hwf::StreamWires& stream : model_->streams) {
            if (stream.kind == hwf::Kind::input) in_ = stream;
            if (stream.kind == hwf::Kind::output) out_ = stream;
        }
        *in_.valid = 0;
        *out_.ready = 1;
        *model_->reset_n = 0;
        for (int i = 0; i < 8; ++i) {
            clock(0);
            clock(1);
        }
        *model_->reset_n = 1;
    }

    // Deleting a model takes its scopes out of the thread's current context.
    ~Bare() { Verilated::threadContextp(&context_); }

    uint64_t advance(uint64_t budget) {
        Verilated::threadContextp(&context_);
        uint64_t cycles = 0;
        for (; cycles < budget && wanted_ != 0; ++cycles) {
            if (next_ < beats_) std::memcpy(in_.data, data_ + next_ * bytes_, bytes_);
            *in_.valid = next_ < beats_;
            clock(0);
            next_ += *in_.valid & *in_.ready;
            wanted_ -= *out_.valid & *out_.ready;
            clock(1);
            context_.timeInc(1);
        }
        return cycles;
    }

private:
    void clock(int level) {
        *model_->clock = static_cast<CData>(level);
        model_->eval();
    }

    VerilatedContext context_;
    std::unique_ptr<hwf::Model> model_;
    hwf::StreamWires in_, out_;
    const uint8_t* data_;
    uint64_t beats_, bytes_, wanted_, next_ = 0;
};

}  // namespace

extern "C" {

// A model out of reset, to be fed with `data` of [beats, bytes] until `wanted` beats have come out.
void* bare_new(const uint8_t* data, uint64_t beats, uint64_t bytes, uint64_t wanted) {
    return new Bare{data, beats, bytes, wanted};
}

// Goes on for `budget` cycles, or fewer where the wanted beats have come out; returns how many those were.
uint64_t bare_advance(void* bare, uint64_t budget) { return static_cast<Bare*>(bare)->advance(budget); }

void bare_delete(void* bare) { delete static_cast<Bare*>(bare); }

}  // extern "C"
