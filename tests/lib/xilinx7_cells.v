// What a board's top has of an Artix-7 beside its logic, for simulators: the oscillator is the clock.

/* verilator lint_off DECLFILENAME */
/* verilator lint_off PROCASSINIT */
/* verilator lint_off UNUSEDPARAM */

module IBUF (input I, output O);
  assign O = I;
endmodule

module OBUFT (input I, input T, output O);
  assign O = I & ~T;
endmodule

module BUFG (input I, output O);
  assign O = I;
endmodule

module PLLE2_BASE #(
  parameter real CLKIN1_PERIOD = 0.0,
  parameter DIVCLK_DIVIDE = 1,
  parameter CLKFBOUT_MULT = 5,
  parameter CLKOUT0_DIVIDE = 1
) (input CLKIN1, input CLKFBIN, input RST, input PWRDWN,
   output CLKFBOUT, output CLKOUT0, output LOCKED);
  reg [4:0] count = 0;
  assign CLKFBOUT = CLKIN1;
  assign CLKOUT0 = CLKIN1;
  assign LOCKED = count[4] && !RST && !PWRDWN && CLKFBIN == CLKIN1;
  always @(posedge CLKIN1) if (!count[4]) count <= count + 1;
endmodule
