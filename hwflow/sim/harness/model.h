// SPDX-License-Identifier: Apache-2.0
// What the harness sees of a Verilated model. The generated glue of each design fills it in; the harness itself
// does not depend on the design, so that its object file is compiled once and kept.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "verilated.h"

namespace hwf {

enum class Kind : int32_t { input = 0, output = 1, tap = 2 };

// One AXI stream of the design. `data` points at the little-endian words in which Verilator keeps TDATA.
struct StreamWires {
    std::string name;
    Kind kind;
    uint8_t* data;
    CData* valid;
    CData* ready;
    uint32_t bits;       // of TDATA
    uint32_t data_bits;  // the lowest ones, which are compared; the others are padding
};

// A FIFO of the sizing model: the most beats that it held, and the depth that it takes over in reset, of 32 bits each.
struct Gauge {
    std::string name;
    const uint32_t* high_water;
    uint32_t* limit;
};

class Model {
public:
    virtual ~Model() = default;
    virtual void eval() = 0;

    CData* clock = nullptr;
    CData* reset_n = nullptr;
    std::vector<StreamWires> streams;
    std::vector<Gauge> gauges;

protected:
    // Signals inside the design, made public by the control file; throw std::runtime_error where Verilator has none.
    void add_tap(const VerilatedContext& context, const char* scope, const char* name, const char* data,
                 const char* valid, const char* ready, uint32_t data_bits);
    void add_gauge(const VerilatedContext& context, const char* scope, const char* name);
};

// Defined by the glue of the design.
std::unique_ptr<Model> make_model(VerilatedContext& context);

}  // namespace hwf
