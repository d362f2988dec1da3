// The bench over a Verilated model, as a library that Python fills arrays through.
//
// It follows the rules of bench.py cycle for cycle: in cycle c a sent stream may start to offer a
// word, and a received one is ready, where its stall pattern says so; every 256 cycles it looks
// whether all is done or nothing has come for too long. The header streams.h names the streams, so
// the compiler unrolls all loops over them: SENT(X) and RECEIVED(X) are X(name) for each.
//
// What the bench drives passes a register of its own, in the wrapper that native_engine.py writes.
// All logic that sees an input, as every register sees the reset, is evaluated at each change of the
// clock, and once more behind its edge; with the registers it is only the last.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>

#include "Vdut.h"
#include "streams.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

namespace {

#define INDEX(name) name##_index,
enum Sent { SENT(INDEX) sent_count };
enum Received { RECEIVED(INDEX) received_count };
#undef INDEX

constexpr uint64_t settle_cycles = 256;
constexpr int reset_cycles = 4;

// Ports are plain integers up to 64 bits, and arrays of 32-bit limbs beyond.
template <class Port>
void get(const Port& port, uint32_t* limbs) {
    if constexpr (std::is_integral_v<Port>) {
        limbs[0] = static_cast<uint32_t>(port);
        if constexpr (sizeof(Port) > 4) limbs[1] = static_cast<uint32_t>(port >> 32);
    } else {
        std::memcpy(limbs, &port[0], sizeof(Port));
    }
}

template <class Port>
void set(Port& port, const uint32_t* limbs) {
    if constexpr (std::is_integral_v<Port>) {
        port = static_cast<Port>(limbs[0]);
        if constexpr (sizeof(Port) > 4) port |= static_cast<Port>(limbs[1]) << 32;
    } else {
        std::memcpy(&port[0], limbs, sizeof(Port));
    }
}

}  // namespace

// One stream's transfers; mirrored by native_engine.py.
struct Stream {
    uint32_t* payloads;  // (room, limbs)
    uint64_t* cycles;    // (room,)
    const uint8_t* go;   // (period,), or null: never stalls
    uint64_t period;
    uint64_t limbs;
    uint64_t room;   // transfers to send, or to record at most
    uint64_t due;    // transfers to wait for
    uint64_t count;  // transfers seen

    bool goes(uint64_t cycle) const { return !go || go[cycle % period]; }
    bool over() const { return count == room; }
    uint64_t last() const { return count ? cycles[count - 1] : 0; }
};

struct Job {
    Stream* sent;      // (sent_count,), each served after those before
    Stream* received;  // (received_count,)
    uint64_t deadline;
    const char* trace;  // a VCD file, or null
    uint64_t first, end;  // its first cycle; the one before which the run ends
    const char* plusarg;  // for the Verilog, or null
    uint64_t cycles;  // run
    uint64_t late;
};

extern "C" void somagate_run(Job* job) {
    VerilatedContext context;
    const char* arguments[] = {"", job->plusarg};
    context.commandArgs(job->plusarg ? 2 : 1, arguments);
    auto dut = std::make_unique<Vdut>(&context, "");
#if VM_TRACE
    std::unique_ptr<VerilatedVcdC> trace;
    if (job->trace) {
        context.traceEverOn(true);
        trace = std::make_unique<VerilatedVcdC>();
        dut->trace(trace.get(), 99);
        trace->set_time_unit("1ns");
        trace->set_time_resolution("1ns");
        trace->open(job->trace);
    }
#endif
    uint64_t cycle = 0;
    bool started = false;
    // One cycle is 10 ns of a trace: it starts at 10·cycle, and the clock rises in its middle.
    auto half = [&](int level) {
        dut->clk = level;
        dut->eval();
#if VM_TRACE
        if (trace && started && cycle >= job->first) trace->dump(10 * cycle + 5 * level);
#endif
    };

    // Call visit(stream, its index, payload, valid, ready) for each stream; of the signals that the
    // bench drives, those are what the registers before the device hold from the next cycle on.
    auto each_sent = [&](auto visit) {
#define VISIT(name)                                                                    \
    visit(job->sent[name##_index], name##_index, dut->name##___05Fpayload,             \
          dut->name##___05Fvalid, dut->name##___05Fready);
        SENT(VISIT)
#undef VISIT
    };
    auto each_received = [&](auto visit) {
#define VISIT(name)                                                                    \
    visit(job->received[name##_index], name##_index, dut->name##___05Fpayload,         \
          dut->name##___05Fvalid, dut->name##___05Fready);
        RECEIVED(VISIT)
#undef VISIT
    };

    std::array<bool, sent_count> offered{};
    std::array<bool, received_count> ready{};
    auto drive = [&](uint64_t next) {
        auto may_start = [&](int index) {
            for (int i = 0; i < index; ++i) {
                const Stream& before = job->sent[i];
                if (!before.over() || (before.room && next < before.last() + 2)) return false;
            }
            return true;
        };
        each_sent([&](Stream& stream, int index, auto& payload, auto& valid, auto&) {
            if (!offered[index] && !stream.over() && stream.goes(next) && may_start(index)) {
                set(payload, stream.payloads + stream.count * stream.limbs);
                offered[index] = true;
            }
            valid = offered[index];
        });
        each_received([&](Stream& stream, int index, auto&, auto&, auto& now) {
            now = ready[index] = stream.goes(next);
        });
    };

    dut->rst = 1;
    for (int i = 0; i < reset_cycles; ++i) half(0), half(1);
    dut->rst = 0;
    drive(0);
    half(0), half(1);

    for (started = true;; ++cycle) {
        if (cycle == job->end) break;
        if ((cycle + 1) % settle_cycles == 0) {
            bool all = true;
            uint64_t last = 0;
            for (int i = 0; i < sent_count; ++i) last = std::max(last, job->sent[i].last());
            for (int i = 0; i < received_count; ++i) {
                const Stream& stream = job->received[i];
                all &= stream.count >= stream.due;
                last = std::max(last, stream.last());
            }
            if (all) break;
            if ((job->late = cycle - last > job->deadline)) break;
        }
        half(0);
        each_sent([&](Stream& stream, int index, auto&, auto&, auto& taken) {
            if (!offered[index] || !taken) return;
            stream.cycles[stream.count++] = cycle;
            offered[index] = false;
        });
        each_received([&](Stream& stream, int index, auto& payload, auto& valid, auto&) {
            if (!ready[index] || !valid || stream.count >= stream.room) return;
            get(payload, stream.payloads + stream.count * stream.limbs);
            stream.cycles[stream.count++] = cycle;
        });
        drive(cycle + 1);
        half(1);
    }
    job->cycles = cycle;
    dut->final();
#if VM_TRACE
    if (trace) trace->close();
#endif
}
