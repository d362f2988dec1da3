"""ECP5's carry chains without the cells that feed a chain's carry in and out.

A chain begins with its carry-in, and nextpnr spends a cell of two look-up tables to bring a
constant to it, and another one to bring out the carry at the end, whether somebody reads it or not.
So the first half of the first cell is given a carry of its own, whatever comes in: that of bit 0,
whose sum is then a look-up table, or where the width is odd the constant itself, in the half cell
that was left over. And a carry-out that nobody reads is left open.
"""

from collections import Counter
from typing import Any

MAP = r"""
(* techmap_celltype = "$alu" *)
module carry_chain (A, B, CI, BI, X, Y, CO);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  parameter _TECHMAP_CONSTMSK_CI_ = 0;
  parameter _TECHMAP_CONSTVAL_CI_ = 0;
  parameter _TECHMAP_CONSTMSK_BI_ = 0;
  parameter _TECHMAP_CONSTVAL_BI_ = 0;
  (* force_downto *) input [A_WIDTH-1:0] A;
  (* force_downto *) input [B_WIDTH-1:0] B;
  input CI, BI;
  (* force_downto *) output [Y_WIDTH-1:0] X, Y, CO;

  // Shorter sums are look-up tables, and a carry-in that is no constant needs its cell.
  wire _TECHMAP_FAIL_ = Y_WIDTH <= 4 || !_TECHMAP_CONSTMSK_CI_ || !_TECHMAP_CONSTMSK_BI_;
  localparam [0:0] IN = _TECHMAP_CONSTVAL_CI_;
  localparam [0:0] NEGATE = _TECHMAP_CONSTVAL_BI_;

  (* force_downto *) wire [Y_WIDTH-1:0] a, b;
  \$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_a (.A(A), .Y(a));
  \$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_b (.A(B), .Y(b));
  assign X = a ^ b ^ {Y_WIDTH{NEGATE}};

  // Half cell h adds bit h - SPARE; the first one only makes a carry, from what its low bits say.
  localparam SPARE = Y_WIDTH % 2;
  localparam HALVES = Y_WIDTH + SPARE;
  localparam [15:0] ADD = NEGATE ? 16'h900a : 16'h600a;
  localparam [3:0] BIT_0 = NEGATE ? (IN ? 4'hb : 4'h2) : (IN ? 4'he : 4'h8);
  localparam [15:0] FIRST = SPARE ? {12'h000, {4{IN}}} : {12'h000, BIT_0};
  (* force_downto *) wire [HALVES-1:0] left = SPARE ? {a, 1'b0} : a;
  (* force_downto *) wire [HALVES-1:0] right = SPARE ? {b, 1'b0} : b;
  (* force_downto *) wire [HALVES-1:0] sum;
  (* force_downto *) wire [HALVES:0] carry;
  assign carry[0] = 1'b0;
  genvar h;
  generate for (h = 0; h < HALVES; h = h + 2) begin : cell_
    CCU2C #(
      .INIT0(h == 0 ? FIRST : ADD), .INIT1(ADD), .INJECT1_0("NO"), .INJECT1_1("NO")
    ) ccu2c (
      .CIN(carry[h]), .COUT(carry[h + 2]), .S0(sum[h]), .S1(sum[h + 1]),
      .A0(left[h]), .B0(right[h]), .C0(1'b1), .D0(1'b1),
      .A1(left[h + 1]), .B1(right[h + 1]), .C1(1'b1), .D1(1'b1)
    );
    if (h > SPARE) assign Y[h - SPARE] = sum[h];
    assign Y[h + 1 - SPARE] = sum[h + 1];
    // The carry inside a cell has no pin.
    if (h >= SPARE) assign CO[h - SPARE] = X[h - SPARE] ? ~Y[h - SPARE] : a[h - SPARE];
    assign CO[h + 1 - SPARE] = carry[h + 2];
  end endgenerate
  if (!SPARE) assign Y[0] = X[0] ^ IN;
endmodule
"""
"""A chain for yosys' `techmap`, in place of its own."""


def trim(module: dict[str, Any]) -> None:
    """Leave open the carry pins of a netlist's module that do nothing: 'x' in JSON.

    Parameters
    ----------
    module
        As in yosys' JSON. The carry-in of a cell whose first half makes a carry of its own, and a
        carry-out that no cell reads, are opened in place.
    """
    cells = [cell for cell in module["cells"].values() if cell["type"] == "CCU2C"]
    every = [*module["cells"].values(), *module["ports"].values()]
    readers = Counter(
        bit
        for item in every
        for bits in item.get("connections", {"port": item.get("bits", [])}).values()
        for bit in bits
    )
    for cell in cells:
        pins = cell["connections"]
        if int(cell["parameters"]["INIT0"], 2) < 16 and pins["C0"] == ["1"]:
            pins["CIN"] = ["x"]
        if readers[pins["COUT"][0]] == 1:
            pins["COUT"] = ["x"]
