// The bench over a Verilated model, as a library that Python fills arrays through.
//
// It follows the rules of bench.py cycle for cycle: in cycle c the input may start to offer a word,
// and the two others are ready, where their stall pattern says so; every 256 cycles it looks whether
// all is done or nothing has come for too long.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>

#include "Vdut.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

namespace {

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
    uint64_t last() const { return count ? cycles[count - 1] : 0; }
};

struct Job {
    Stream input, output, observe;
    uint64_t deadline;
    const char* trace;  // a VCD file, or null
    uint64_t trace_from, trace_to;  // its first cycle, and where the run ends
    uint64_t cycles;  // run
    uint64_t late;
};

extern "C" void somagate_run(Job* job) {
    VerilatedContext context;
    auto dut = std::make_unique<Vdut>(&context, "");
    Stream &in = job->input, &out = job->output, &seen = job->observe;
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
    // One cycle is 10 ns of a trace: it starts at 10·cycle, and the clock rises in its middle.
    auto half = [&](int level) {
        dut->clk = level;
        dut->eval();
#if VM_TRACE
        if (trace && !dut->rst && cycle >= job->trace_from)
            trace->dump(10 * cycle + 5 * level);
#endif
    };

    dut->input___05Fvalid = dut->output___05Fready = dut->observe___05Fready = 0;
    dut->rst = 1;
    for (int i = 0; i < reset_cycles; ++i) half(0), half(1);
    dut->rst = 0;

    bool offered = false;
    for (;; ++cycle) {
        if (job->trace && cycle == job->trace_to) break;
        if ((cycle + 1) % settle_cycles == 0) {
            if (out.count >= out.due && seen.count >= seen.due) break;
            const uint64_t last = std::max({in.last(), out.last(), seen.last()});
            if ((job->late = cycle - last > job->deadline)) break;
        }
        if (!offered && in.count < in.room && in.goes(cycle)) {
            set(dut->input___05Fpayload, in.payloads + in.count * in.limbs);
            offered = true;
        }
        dut->input___05Fvalid = offered;
        dut->output___05Fready = out.goes(cycle);
        dut->observe___05Fready = seen.goes(cycle);
        half(0);

        if (offered && dut->input___05Fready) {
            in.cycles[in.count++] = cycle;
            offered = false;
        }
        if (dut->output___05Fready && dut->output___05Fvalid && out.count < out.room) {
            get(dut->output___05Fpayload, out.payloads + out.count * out.limbs);
            out.cycles[out.count++] = cycle;
        }
        if (dut->observe___05Fready && dut->observe___05Fvalid && seen.count < seen.room) {
            get(dut->observe___05Fpayload, seen.payloads + seen.count * seen.limbs);
            seen.cycles[seen.count++] = cycle;
        }
        half(1);
    }
    job->cycles = cycle;
    dut->final();
#if VM_TRACE
    if (trace) trace->close();
#endif
}
