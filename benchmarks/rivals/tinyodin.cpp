// Drives a Verilated tinyODIN through its pins: weights and neurons over SPI, spikes over AER.
//
// Standard input: 65536 weights, source by source; the number of time steps; for each its number of
// spikes and their sources. Standard output: cycles of every step, from the first spike's request to
// the end of its time reference event, and then the 256 potentials. The host answers every handshake
// in the next cycle, and knows when the scheduler is empty, so a cycle is never lost outside.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "Vdut.h"
#include "Vdut___024root.h"
#include "verilated.h"

static Vdut dut;
static uint64_t cycles = 0;

static void cycle() {
    dut.CLK = 1;
    dut.eval();
    dut.CLK = 0;
    dut.eval();
    ++cycles;
}

static void fail(const char *reason) {
    std::fprintf(stderr, "%s\n", reason);
    std::exit(1);
}

static int number() {
    int value;
    if (std::scanf("%d", &value) != 1) fail("the input ends early");
    return value;
}

static void send_bits(uint32_t word) {
    const int half = 4;  // cycles; the controller samples what SPI tells it twice
    for (int bit = 19; bit >= 0; --bit) {
        dut.MOSI = word >> bit & 1;
        for (int i = 0; i < half; ++i) cycle();
        dut.SCK = 1;
        for (int i = 0; i < half; ++i) cycle();
        dut.SCK = 0;
    }
}

static void spi(uint32_t address, uint32_t data) {
    send_bits(address);
    send_bits(data);
}

static void configure(uint32_t address, uint32_t value) { spi(address, value); }

static void write_byte(uint32_t memory, uint32_t address, uint32_t byte) {
    spi(1u << 18 | memory << 16 | address, byte);
}

static void event(uint32_t address) {
    while (dut.AERIN_ACK) cycle();
    dut.AERIN_ADDR = address;
    dut.AERIN_REQ = 1;
    for (int left = 100000; !dut.AERIN_ACK; cycle())
        if (!left--) fail("tinyODIN does not acknowledge an event");
    dut.AERIN_REQ = 0;
    cycle();
}

static bool idle() {
    auto *root = dut.rootp;
    return root->tinyODIN__DOT__SCHED_EMPTY && root->tinyODIN__DOT__controller_0__DOT__state == 0;
}

static void drain() {
    for (int left = 1000000; !idle(); cycle())
        if (!left--) fail("tinyODIN does not come to an end");
}

int main() {
    dut.RST = 1;
    for (int i = 0; i < 20; ++i) cycle();
    dut.RST = 0;
    for (int i = 0; i < 20; ++i) cycle();

    configure(0, 1);    // no activity while it is programmed
    configure(1, 1);    // spikes of its own neurons do not come back
    configure(2, 0);    // and are sent by address
    configure(3, 255);  // all neurons

    std::vector<int> weights(256 * 256);
    for (int &weight : weights) weight = number();
    for (int word = 0; word < 8192; ++word)
        for (int byte = 0; byte < 4; ++byte) {
            const int *pair = &weights[word * 8 + byte * 2];
            write_byte(2, byte << 13 | word, (pair[0] & 15) | (pair[1] & 15) << 4);
        }
    const uint32_t neuron = 0x7ffu << 12;  // enabled, no leak, the highest threshold, potential 0
    for (int index = 0; index < 256; ++index)
        for (int byte = 0; byte < 4; ++byte)
            write_byte(1, byte << 8 | index, neuron >> 8 * byte & 255);
    configure(0, 0);
    for (int i = 0; i < 20; ++i) cycle();

    const int steps = number();
    for (int step = 0; step < steps; ++step) {
        const uint64_t start = cycles;
        for (int left = number(); left; --left) event(number());
        drain();
        event(0x1ff);  // the time reference, for all neurons
        drain();
        std::printf("%llu\n", (unsigned long long)(cycles - start));
    }
    for (int index = 0; index < 256; ++index) {
        const uint32_t word =
            dut.rootp->tinyODIN__DOT__neuron_core_0__DOT__neurarray_0__DOT__SRAM[index];
        std::printf("%d\n", int32_t(word << 20) >> 20);
    }
}
