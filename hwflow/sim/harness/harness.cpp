// SPDX-License-Identifier: Apache-2.0
// Runs a Verilated model cycle by cycle: feeds arrays into its input streams, collects its output streams, compares
// what passes on any stream with what should pass, and says where everything stands when nothing moves any more.
//
// A cycle is: drive the inputs, settle with the clock low, sample every handshake, raise the clock.
// The C functions at the end are what hwflow/sim/engine.py calls. They never throw: a failure is kept as text.

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <functional>
#include <stdexcept>

#include "model.h"
#include "tally.h"
#include "verilated_syms.h"

namespace hwf {
namespace {

constexpr int kResetCycles = 8;

// What the design prints and how it stops must not end the process that loaded it.
thread_local std::string printed;

struct Stopped : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// splitmix64: small, seedable, the same on every machine.
class Random {
public:
    explicit Random(uint64_t seed) : state_{seed} {}
    uint32_t next() {
        uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        return static_cast<uint32_t>((z ^ (z >> 31)) >> 32);
    }

private:
    uint64_t state_;
};

struct Stream {
    StreamWires wires;
    Tally* tally = nullptr;
    uint32_t bytes = 0;       // of a beat in the caller's arrays
    uint8_t top_mask = 0xff;  // the bits of a beat's last byte that exist
    uint32_t data_bytes = 0;  // as far as the data goes, without padding
    uint8_t data_mask = 0xff;
    Random random{0};

    // what to do (all arrays belong to the caller)
    const uint8_t* feed = nullptr;
    uint8_t* collect = nullptr;
    int64_t* collect_cycles = nullptr;
    uint64_t target = 0;  // beats that must pass before the run is complete
    bool targeted = false;
    uint64_t stall = 0;  // a cycle stalls where random < stall, of 2^32
    uint64_t pace_num = 0, pace_den = 1;
    uint64_t keep = 0;  // mismatches to keep
    int64_t* mismatch_beats = nullptr;
    int64_t* mismatch_cycles = nullptr;
    uint8_t* mismatch_got = nullptr;
    uint8_t* trace_data = nullptr;
    uint8_t* trace_handshake = nullptr;  // bit 0 valid, bit 1 ready

    // where it stands
    uint64_t mismatches = 0;
    uint64_t offered = 0;
    uint64_t due = 0;  // first cycle in which the next beat may be offered
};

}  // namespace

// Kept plain: the layout is mirrored in engine.py.
extern "C" {
struct HwfStreamInfo {
    const char* name;
    int32_t kind;
    uint32_t bits;
};
struct HwfStreamState {
    uint64_t beats, mismatches;
    int64_t first_cycle, last_cycle;
    int32_t valid, ready;
};
enum HwfStatus : int32_t { kRunning = 0, kDone = 1, kStuck = 2, kOutOfCycles = 3, kFailed = 4 };
}

namespace {

class Run {
public:
    explicit Run(uint64_t seed) {
        // Registers without a reset start at random, so that no design passes because Verilator starts them at zero.
        context_.randReset(2);
        context_.randSeed(static_cast<int>(seed % 0x7fffffff) + 1);
        context_.fatalOnError(true);
        model_ = make_model(context_);
        uint64_t salt = 0;
        for (const StreamWires& wires : model_->streams) {
            Stream& s = streams_.emplace_back();
            s.wires = wires;
            s.bytes = (wires.bits + 7) / 8;
            s.top_mask = mask(s.bytes, wires.bits);
            s.data_bytes = (wires.data_bits + 7) / 8;
            s.data_mask = mask(s.data_bytes, wires.data_bits);
            s.random = Random{seed * 0x2545f4914f6cdd1dull + ++salt};
        }
        make_tallies();
    }

    // Deleting a model takes its scopes out of the thread's current context, which another run may have set.
    ~Run() { Verilated::threadContextp(&context_); }

    std::string error;
    std::vector<std::pair<uint64_t, uint32_t>> limits;  // of gauges by index, in beats
    bool watch_expected = false;

    std::vector<Stream>& streams() { return streams_; }
    const std::vector<Gauge>& gauges() const { return model_->gauges; }
    uint64_t cycles() const { return cycle_; }
    uint64_t done_cycle() const { return done_cycle_; }

    void window(uint64_t first, uint64_t count) {
        window_first_ = first;
        window_count_ = count;
    }

    // Ends when every stream has seen its beats and nothing has moved for `drain` cycles, when nothing has moved for
    // `patience` cycles before that, at `max_cycles`, or, to give the caller a turn, after `budget` cycles.
    HwfStatus advance(uint64_t budget, uint64_t max_cycles, uint64_t patience, uint64_t drain) {
        Verilated::threadContextp(&context_);
        if (!started_) start();
        const HwfStatus status = watch_all_ ? loop<true>(budget, max_cycles, patience, drain)
                                            : loop<false>(budget, max_cycles, patience, drain);
        if (status != kRunning) {
            // What the caller is told of the last state must not depend on a stall that happens to be on.
            for (Stream* s : outputs_) *s->wires.ready = 1;
            settle();
        }
        return status;
    }

private:
    // The bits of the last of `bytes` bytes that hold `bits` bits.
    static uint8_t mask(uint32_t bytes, uint32_t bits) { return static_cast<uint8_t>(0xff >> (bytes * 8 - bits)); }

    void start() {
        started_ = true;
        for (Stream& s : streams_) {
            if (s.wires.kind == Kind::input) inputs_.push_back(&s);
            if (s.wires.kind == Kind::output) outputs_.push_back(&s);
            if (s.trace_handshake != nullptr) traced_.push_back(&s);
            s.targeted = s.target != 0;
            if (s.targeted) ++pending_;
        }
        find_neighbours();
        watch_all_ = !taps_.empty() || !traced_.empty();
        *model_->reset_n = 0;
        for (Stream* s : inputs_) *s->wires.valid = 0;
        for (Stream* s : outputs_) *s->wires.ready = 0;
        for (int i = 0; i < kResetCycles; ++i) {
            settle();
            // The first evaluation runs the design's initial blocks, which set the limits too.
            if (i == 0)
                for (const auto& [index, beats] : limits) *model_->gauges[index].limit = beats;
            rise();
        }
        *model_->reset_n = 1;
        for (Stream* s : inputs_) plan(*s);
    }

    void settle() {
        *model_->clock = 0;
        model_->eval();
    }

    void rise() {
        *model_->clock = 1;
        model_->eval();
        context_.timeInc(1);
    }

    // Beat i is offered no earlier than cycle i * pace.
    static void plan(Stream& s) {
        s.due = s.pace_num == 0 ? 0
                                : static_cast<uint64_t>(static_cast<__uint128_t>(s.offered) * s.pace_num / s.pace_den);
    }

    void drive_input(Stream& s) {
        if (*s.wires.valid || s.offered == s.target) return;  // once valid, a beat stays until taken
        if (s.stall != 0 && s.random.next() < s.stall) return;
        if (cycle_ < s.due) return;
        std::memcpy(s.wires.data, s.feed + s.offered * s.bytes, s.bytes);
        s.wires.data[s.bytes - 1] &= s.top_mask;
        *s.wires.valid = 1;
        ++s.offered;
        plan(s);
    }

    // In the order of the valid flags in memory, which need not be that of the streams.
    void make_tallies() {
        std::vector<Stream*> sorted;
        for (Stream& s : streams_) sorted.push_back(&s);
        std::sort(sorted.begin(), sorted.end(),
                  [](const Stream* a, const Stream* b) { return std::less<>{}(a->wires.valid, b->wires.valid); });
        tallies_.resize(sorted.size());
        for (size_t i = 0; i < sorted.size(); ++i) {
            Stream& s = *sorted[i];
            Tally& t = tallies_[i];
            s.tally = &t;
            t.data = s.wires.data;
            t.bytes = s.bytes;
            t.mask = s.bytes <= 8 ? ~uint64_t{0} >> (64 - s.wires.data_bits) : 0;
            t.stream = static_cast<uint32_t>(&s - streams_.data());
        }
    }

    // The generated top declares its flags so that nearly all taps are neighbours of others.
    void find_neighbours() {
        const auto watched = [&](const Tally& t) {
            return streams_[t.stream].wires.kind == Kind::tap && (t.expect != nullptr || !watch_expected);
        };
        for (size_t first = 0; first < tallies_.size();) {
            const StreamWires& start = streams_[tallies_[first].stream].wires;
            size_t count = 0;
            for (; first + count < tallies_.size() && watched(tallies_[first + count]); ++count) {
                const StreamWires& next = streams_[tallies_[first + count].stream].wires;
                if (next.valid != start.valid + count || next.ready != start.ready + count) break;
            }
            if (count != 0) taps_.emplace_back(start.valid, start.ready, &tallies_[first], static_cast<uint32_t>(count));
            first += std::max<size_t>(count, 1);
        }
        moving_.resize(tallies_.size());
    }

    bool differs(const Tally& t) const {
        if (t.mask != 0) return t.differs();
        const Stream& s = streams_[t.stream];
        const uint32_t last = s.data_bytes - 1;
        return std::memcmp(t.expect, t.data, last) != 0 || ((t.expect[last] ^ t.data[last]) & s.data_mask) != 0;
    }

    void keep_mismatch(const Tally& t) {
        Stream& s = streams_[t.stream];
        if (s.mismatches < s.keep) {
            s.mismatch_beats[s.mismatches] = static_cast<int64_t>(t.beats);
            s.mismatch_cycles[s.mismatches] = static_cast<int64_t>(cycle_);
            std::memcpy(s.mismatch_got + s.mismatches * s.bytes, t.data, s.bytes);
        }
        ++s.mismatches;
    }

    void count(Tally& t) {
        if (t.beats < t.expected) {
            if (differs(t)) [[unlikely]]
                keep_mismatch(t);
            t.expect += t.bytes;
            // The next line of expected beats, non-temporally: the caches are the model's. Beyond the array it does nothing.
            __builtin_prefetch(t.expect + kCacheLine, 0, 0);
        }
        if (t.beats == 0) t.first_cycle = cycle_;
        t.last_cycle = cycle_;
        ++t.beats;
    }

    void completed() {
        if (--pending_ == 0) done_cycle_ = cycle_;
    }

    // A beat on an input or output.
    void passed(Stream& s) {
        Tally& t = *s.tally;
        if (s.collect != nullptr && t.beats < s.target) {
            std::memcpy(s.collect + t.beats * s.bytes, t.data, s.bytes);
            s.collect_cycles[t.beats] = static_cast<int64_t>(cycle_);
        }
        count(t);
        if (t.beats == s.target && s.targeted) completed();
        last_move_ = cycle_;
    }

    void watch_taps() {
        Tally** end = moving_.data();
        for (const Neighbours& neighbours : taps_) end = neighbours.moving(end);
        if (end == moving_.data()) return;
        for (Tally** t = moving_.data(); t != end; ++t) {
            count(**t);
            if ((*t)->beats == (*t)->expected) completed();  // of a tap without any, 0 is never met
        }
        last_move_ = cycle_;
    }

    static bool moves(const Stream* s) { return (*s->wires.valid & *s->wires.ready) != 0; }

    void trace() {
        const uint64_t row = cycle_ - window_first_;
        if (cycle_ < window_first_ || row >= window_count_) return;
        for (Stream* s : traced_) {
            std::memcpy(s->trace_data + row * s->bytes, s->wires.data, s->bytes);
            s->trace_handshake[row] = static_cast<uint8_t>((*s->wires.valid & 1) | (*s->wires.ready & 1) << 1);
        }
    }

    template <bool kWatchAll>
    HwfStatus loop(uint64_t budget, uint64_t max_cycles, uint64_t patience, uint64_t drain) {
        for (; budget != 0; --budget) {
            if (pending_ == 0) {
                if (cycle_ - last_move_ > drain) return kDone;
            } else if (cycle_ - last_move_ > patience) {
                return kStuck;
            }
            if (cycle_ >= max_cycles) return pending_ == 0 ? kDone : kOutOfCycles;

            for (Stream* s : inputs_) drive_input(*s);
            for (Stream* s : outputs_) *s->wires.ready = s->stall == 0 || s->random.next() >= s->stall;
            settle();
            if constexpr (kWatchAll) {
                trace();
                watch_taps();
            }
            for (Stream* s : outputs_)
                if (moves(s)) passed(*s);
            bool taken[kMaxInputs];
            for (size_t i = 0; i < inputs_.size(); ++i)
                if ((taken[i] = moves(inputs_[i]))) passed(*inputs_[i]);
            rise();
            for (size_t i = 0; i < inputs_.size(); ++i)
                if (taken[i]) *inputs_[i]->wires.valid = 0;
            ++cycle_;
        }
        return kRunning;
    }

public:
    static constexpr size_t kMaxInputs = 512;  // a bench has one for each variant of a module

private:
    VerilatedContext context_;
    std::unique_ptr<Model> model_;
    std::vector<Stream> streams_;
    std::vector<Stream*> inputs_, outputs_, traced_;
    std::vector<Tally> tallies_;
    std::vector<Neighbours> taps_;
    std::vector<Tally*> moving_;  // those of this cycle
    bool started_ = false, watch_all_ = false;
    uint64_t cycle_ = 0, last_move_ = 0, done_cycle_ = 0, pending_ = 0;
    uint64_t window_first_ = 0, window_count_ = 0;
};

const VerilatedVar& find(const VerilatedContext& context, const char* scope, const char* name) {
    const VerilatedScope* const found = context.scopeFind(scope);
    VerilatedVar* const var = found != nullptr ? found->varFind(name) : nullptr;
    if (var == nullptr) throw std::runtime_error{std::string{"no signal "} + scope + "." + name};
    return *var;
}

int64_t cycle_or_minus_one(uint64_t cycle) { return cycle == kNever ? -1 : static_cast<int64_t>(cycle); }

}  // namespace

void Model::add_tap(const VerilatedContext& context, const char* scope, const char* name, const char* data,
                    const char* valid, const char* ready, uint32_t data_bits) {
    const VerilatedVar& wire = find(context, scope, data);
    const auto flag = [&](const char* wanted) {
        const VerilatedVar& found = find(context, scope, wanted);
        if (found.entBits() != 1) throw std::runtime_error{std::string{scope} + "." + wanted + " is not 1 bit wide"};
        return static_cast<CData*>(found.datap());
    };
    if (data_bits > wire.entBits()) throw std::runtime_error{std::string{"stream "} + name + " has fewer bits than its data"};
    streams.push_back({name, Kind::tap, static_cast<uint8_t*>(wire.datap()),
                       flag(valid), flag(ready), wire.entBits(), data_bits != 0 ? data_bits : wire.entBits()});
}

void Model::add_gauge(const VerilatedContext& context, const char* scope, const char* name) {
    const auto words = [&](const char* reg) {
        const VerilatedVar& wire = find(context, scope, reg);
        if (wire.entBits() != 32) throw std::runtime_error{std::string{scope} + "." + reg + " is not 32 bits wide"};
        return static_cast<uint32_t*>(wire.datap());
    };
    gauges.push_back({name, words("high_water"), words("limit")});
}

}  // namespace hwf

// Verilated code calls these instead of printf and abort (see the flags in verilate.py). Before it stops for an $error
// it prints the message.
int hwf_printf(const char* format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    const int length = std::vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (hwf::printed.size() < 4096) hwf::printed += text;
    return length;
}

void vl_finish(const char* file, int line, const char*) {
    throw hwf::Stopped{std::string{file} + ":" + std::to_string(line) + ": the design called $finish"};
}

void vl_stop(const char* file, int line, const char*) {
    throw hwf::Stopped{std::string{file} + ":" + std::to_string(line) + ": the design stopped the simulation"};
}

void vl_fatal(const char* file, int line, const char*, const char* message) {
    throw hwf::Stopped{std::string{file ? file : "Verilator"} + ":" + std::to_string(line) + ": " + message};
}

using hwf::Run;
using hwf::Stream;

extern "C" {

// A fresh model. Null where it cannot be made; the reason is then in `reason` (of `size` bytes).
void* hwf_new(uint64_t seed, char* reason, uint64_t size) {
    try {
        hwf::printed.clear();
        auto run = std::make_unique<Run>(seed);
        size_t inputs = 0;
        for (const Stream& s : run->streams()) inputs += s.wires.kind == hwf::Kind::input;
        if (inputs > Run::kMaxInputs) throw std::runtime_error{"more than " + std::to_string(Run::kMaxInputs) + " input streams"};
        return run.release();
    } catch (const std::exception& e) {
        std::snprintf(reason, size, "%s%s", hwf::printed.c_str(), e.what());
        return nullptr;
    }
}

void hwf_delete(void* run) { delete static_cast<Run*>(run); }

uint64_t hwf_stream_count(void* run) { return static_cast<Run*>(run)->streams().size(); }

void hwf_stream_info(void* run, uint64_t index, hwf::HwfStreamInfo* info) {
    const Stream& s = static_cast<Run*>(run)->streams()[index];
    *info = {s.wires.name.c_str(), static_cast<int32_t>(s.wires.kind), s.wires.bits};
}

void hwf_feed(void* run, uint64_t index, const uint8_t* data, uint64_t beats, uint64_t stall, uint64_t pace_num,
              uint64_t pace_den) {
    Stream& s = static_cast<Run*>(run)->streams()[index];
    s.feed = data;
    s.target = beats;
    s.stall = stall;
    s.pace_num = pace_num;
    s.pace_den = pace_den;
}

void hwf_collect(void* run, uint64_t index, uint8_t* data, int64_t* cycles, uint64_t beats, uint64_t stall) {
    Stream& s = static_cast<Run*>(run)->streams()[index];
    s.collect = data;
    s.collect_cycles = cycles;
    s.target = beats;
    s.stall = stall;
}

// Arrays of mismatches hold `keep` entries.
void hwf_expect(void* run, uint64_t index, const uint8_t* data, uint64_t beats, uint64_t keep,
                int64_t* mismatch_beats, int64_t* mismatch_cycles, uint8_t* mismatch_got) {
    Stream& s = static_cast<Run*>(run)->streams()[index];
    s.tally->expect = data;
    s.tally->expected = beats;
    s.keep = keep;
    s.mismatch_beats = mismatch_beats;
    s.mismatch_cycles = mismatch_cycles;
    s.mismatch_got = mismatch_got;
    if (s.wires.kind == hwf::Kind::tap) s.target = beats;
}

void hwf_trace(void* run, uint64_t index, uint8_t* data, uint8_t* handshake) {
    Stream& s = static_cast<Run*>(run)->streams()[index];
    s.trace_data = data;
    s.trace_handshake = handshake;
}

void hwf_window(void* run, uint64_t first, uint64_t count) { static_cast<Run*>(run)->window(first, count); }

int32_t hwf_advance(void* run, uint64_t budget, uint64_t max_cycles, uint64_t patience, uint64_t drain) {
    Run& r = *static_cast<Run*>(run);
    try {
        hwf::printed.clear();
        return r.advance(budget, max_cycles, patience, drain);
    } catch (const std::exception& e) {
        r.error = hwf::printed.empty() ? e.what() : hwf::printed;
        return hwf::kFailed;
    }
}

const char* hwf_error(void* run) { return static_cast<Run*>(run)->error.c_str(); }

uint64_t hwf_cycles(void* run) { return static_cast<Run*>(run)->cycles(); }

uint64_t hwf_done_cycle(void* run) { return static_cast<Run*>(run)->done_cycle(); }

void hwf_stream_state(void* run, uint64_t index, hwf::HwfStreamState* state) {
    const Stream& s = static_cast<Run*>(run)->streams()[index];
    const hwf::Tally& t = *s.tally;
    *state = {t.beats, s.mismatches, hwf::cycle_or_minus_one(t.first_cycle), hwf::cycle_or_minus_one(t.last_cycle),
              *s.wires.valid & 1, *s.wires.ready & 1};
}

uint64_t hwf_gauge_count(void* run) { return static_cast<Run*>(run)->gauges().size(); }

const char* hwf_gauge_name(void* run, uint64_t index) { return static_cast<Run*>(run)->gauges()[index].name.c_str(); }

uint64_t hwf_gauge(void* run, uint64_t index) {
    return *static_cast<Run*>(run)->gauges()[index].high_water;
}

void hwf_limit(void* run, uint64_t index, uint64_t beats) {
    static_cast<Run*>(run)->limits.emplace_back(index, static_cast<uint32_t>(beats));
}

// Taps without a beat to expect are not watched: their beats are not counted.
void hwf_watch_expected(void* run) { static_cast<Run*>(run)->watch_expected = true; }

}  // extern "C"
