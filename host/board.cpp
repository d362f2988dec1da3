// A board's top in Verilator, with a serial line to the world outside: bytes in, bytes out.
//
// The line's other end has the same speed: a bit is `divisor` cycles. Bytes go onto `rx` one behind
// the other, and what comes on `tx` is read at the centre of each bit, as an adapter would.

#include <cstdint>
#include <memory>

#include "Vdut.h"
#include "verilated.h"

// What virtual_board.py gives and gets back; mirrored there.
struct Turn {
    const uint8_t* in;
    uint8_t* out;
    uint64_t in_count;
    uint64_t in_taken;
    uint64_t out_room;
    uint64_t out_count;
    uint64_t most_cycles;
    uint64_t idle_cycles;  // ends early once nothing has happened on the line for so long
    uint64_t cycles;
    uint64_t busy;  // something happens on the line, or is at work
};

namespace {

class Board {
  public:
    explicit Board(uint64_t divisor) : divisor_(divisor), dut_(&context_) {
        dut_.rx = 1;
        dut_.clk = 0;
        dut_.eval();
    }

    void run(Turn* turn) {
        uint64_t quiet = 0;
        turn->busy = 1;
        turn->in_taken = turn->out_count = turn->cycles = 0;
        while (turn->cycles < turn->most_cycles && turn->out_count < turn->out_room) {
            const bool sends = drive(turn), gets = sample(turn);
            quiet = sends || gets || dut_.busy ? 0 : quiet + 1;
            turn->busy = quiet == 0;
            if (quiet > turn->idle_cycles) break;
            dut_.clk = 1;
            dut_.eval();
            dut_.clk = 0;
            dut_.eval();
            ++turn->cycles;
        }
    }

  private:
    // Returns whether a byte is on its way to the board.
    bool drive(Turn* turn) {
        if (left_ == 0) {
            if (turn->in_taken == turn->in_count) return false;
            bits_ = uint32_t{turn->in[turn->in_taken++]} << 1 | 0x200;
            left_ = 10 * divisor_;
        }
        dut_.rx = bits_ >> (10 - (left_ + divisor_ - 1) / divisor_) & 1;
        --left_;
        return true;
    }

    // Returns whether a byte is on its way from the board.
    bool sample(Turn* turn) {
        if (waiting_ == 0) {
            if (dut_.tx) return false;
            waiting_ = 10 * divisor_;
            byte_ = 0;
        }
        const uint64_t place = 10 * divisor_ - waiting_;
        --waiting_;
        if (place % divisor_ == divisor_ / 2) {
            const uint64_t bit = place / divisor_;
            if (bit >= 1 && bit <= 8) byte_ |= static_cast<uint8_t>(dut_.tx << (bit - 1));
            if (bit == 9) {
                if (dut_.tx) turn->out[turn->out_count++] = byte_;
                waiting_ = 0;
            }
        }
        return true;
    }

    uint64_t divisor_;
    VerilatedContext context_;
    Vdut dut_;
    uint32_t bits_ = 0;
    uint64_t left_ = 0;
    uint64_t waiting_ = 0;
    uint8_t byte_ = 0;
};

}  // namespace

extern "C" {

Board* somagate_board_new(uint64_t divisor) { return new Board(divisor); }

void somagate_board_run(Board* board, Turn* turn) { board->run(turn); }

void somagate_board_free(Board* board) { delete board; }

}
