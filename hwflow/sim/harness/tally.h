// SPDX-License-Identifier: Apache-2.0
// What a simulation keeps of each stream while it runs, and the search for the streams on which a beat passes.
//
// Of a thousand streams some dozens move in a cycle, others in each, and between two cycles the model runs through all of
// its own memory: what watching costs is the cache lines that it touches, not its instructions.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "verilated.h"

namespace hwf {

static_assert(std::endian::native == std::endian::little, "the bytes of a beat are read where Verilator keeps them as words");

constexpr uint64_t kNever = ~uint64_t{0};
constexpr size_t kCacheLine = 64;

// All of the harness's own that a beat of at most 8 bytes touches, in one cache line.
struct alignas(kCacheLine) Tally {
    const uint8_t* data = nullptr;    // the wire
    const uint8_t* expect = nullptr;  // the next beat of the caller's array
    uint64_t expected = 0;            // beats in that array
    uint64_t mask = 0;                // the bits of a beat that are compared; 0: more than 8 bytes, see the stream
    uint64_t beats = 0;               // that have passed
    uint64_t first_cycle = kNever, last_cycle = kNever;
    uint32_t bytes = 0;   // of a beat
    uint32_t stream = 0;  // whose tally this is

    // Whether the wire differs from the next beat, of at most 8 bytes.
    bool differs() const { return ((load(expect, bytes) ^ load(data, bytes)) & mask) != 0; }

private:
    template <typename Word>
    static uint64_t word(const uint8_t* from) {
        Word value;
        std::memcpy(&value, from, sizeof value);
        return value;
    }

    // Nothing beyond the bytes is read: the last beat may end where the array's memory ends. What is read twice overlaps.
    static uint64_t load(const uint8_t* from, uint32_t bytes) {
        if (bytes == 1) return *from;
        if (bytes < 4) return word<uint16_t>(from) | word<uint16_t>(from + bytes - 2) << (8 * (bytes - 2));
        return word<uint32_t>(from) | word<uint32_t>(from + bytes - 4) << (8 * (bytes - 4));
    }
};
static_assert(sizeof(Tally) == kCacheLine);

// The tallies of streams whose valid flags lie side by side in memory, and whose ready flags do: a byte each, 0 or 1.
class Neighbours {
public:
    Neighbours(const CData* valid, const CData* ready, Tally* first, uint32_t count)
        : valid_{valid}, ready_{ready}, first_{first}, count_{count} {}

    // Writes the tallies on whose streams a beat passes to `to`, which has room for all; returns the end of them.
    Tally** moving(Tally** to) const {
        uint32_t done = 0;
        for (; done + 64 <= count_; done += 64) {
            // Eight words of eight flags, interleaved: flag j of word i is bit 8j + i.
            const uint64_t lanes = flags(done) | flags(done + 8) << 1 | flags(done + 16) << 2 | flags(done + 24) << 3 |
                                   flags(done + 32) << 4 | flags(done + 40) << 5 | flags(done + 48) << 6 |
                                   flags(done + 56) << 7;
            for (uint64_t left = lanes; left != 0; left &= left - 1) {
                const uint32_t bit = static_cast<uint32_t>(std::countr_zero(left));
                *to++ = first_ + done + (bit % 8) * 8 + bit / 8;
            }
        }
        for (; done < count_; ++done) {
            *to = first_ + done;
            to += valid_[done] & ready_[done];
        }
        return to;
    }

private:
    // A byte each of eight streams from `at` on: 1 where a beat passes.
    uint64_t flags(uint32_t at) const {
        uint64_t valid, ready;
        std::memcpy(&valid, valid_ + at, sizeof valid);
        std::memcpy(&ready, ready_ + at, sizeof ready);
        return valid & ready;
    }

    const CData* valid_;
    const CData* ready_;
    Tally* first_;
    uint32_t count_;
};

}  // namespace hwf
