// SPDX-License-Identifier: Apache-2.0
// Index of the largest of C values; the lowest index among equals.
//
// The result is held in the register that gathers it, so the next C values begin in the cycle in which it is taken.
//
// Latency 1 cycle from the last beat; C / PE cycles a result.
// in0_V_TREADY depends combinationally on out0_V_TREADY.
module hwf_top1 #(
  parameter int C = 2,       // values
  parameter int PE = 1,      // values a beat; must divide C
  parameter int BITS = 8,    // bits a value
  parameter bit SIGNED = 1,  // values are two's complement
  parameter int OBITS = 1    // bits of the index, unsigned
) (
  input  logic               ap_clk,
  input  logic               ap_rst_n,
  input  logic [PE*BITS-1:0] in0_V_TDATA,
  input  logic               in0_V_TVALID,
  output logic               in0_V_TREADY,
  output logic [OBITS-1:0]   out0_V_TDATA,
  output logic               out0_V_TVALID,
  input  logic               out0_V_TREADY
);
  if (PE < 1) begin : g_check_pe
    $error("%m: PE=%0d must be at least 1", PE);
  end else if (C < 1 || C % PE != 0) begin : g_check_pe
    $error("%m: PE=%0d must divide C=%0d", PE, C);
  end
  if (BITS < 1) begin : g_check_bits
    $error("%m: BITS=%0d must be at least 1", BITS);
  end
  if (OBITS < 1 || OBITS < $clog2(C)) begin : g_check_obits
    $error("%m: OBITS=%0d cannot hold an index below C=%0d", OBITS, C);
  end

  localparam int FOLDS = C / PE;
  localparam int COUNT_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;

  // Two's complement compares like an unsigned number once its top bit is flipped.
  localparam logic [BITS-1:0] FLIP = BITS'(SIGNED) << (BITS - 1);

  logic [BITS-1:0]       best;
  logic [OBITS-1:0]      index;
  logic [COUNT_BITS-1:0] fold;
  logic                  accept, first, last;

  // The winner of the beat: the left one of each pair, unless the right one is larger.
  logic [PE-1:0][BITS-1:0]  value;
  logic [PE-1:0][OBITS-1:0] place;
  always_comb begin
    for (int i = 0; i < PE; i++) begin
      value[i] = in0_V_TDATA[i*BITS+:BITS] ^ FLIP;
      place[i] = OBITS'(i);
    end
    for (int step = 1; step < PE; step *= 2) begin
      for (int i = 0; i + step < PE; i += 2 * step) begin
        if (value[i+step] > value[i]) begin
          value[i] = value[i+step];
          place[i] = place[i+step];
        end
      end
    end
  end

  assign in0_V_TREADY = !out0_V_TVALID || out0_V_TREADY;
  assign out0_V_TDATA = index;
  assign accept       = in0_V_TVALID && in0_V_TREADY;
  assign first        = fold == '0;
  assign last         = fold == COUNT_BITS'(FOLDS - 1);

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      out0_V_TVALID <= 1'b0;
      fold          <= '0;
    end else begin
      if (in0_V_TREADY) out0_V_TVALID <= in0_V_TVALID && last;
      if (accept) fold <= last ? '0 : fold + 1'b1;
    end
    if (accept && (first || value[0] > best)) begin
      best  <= value[0];
      index <= OBITS'(int'(fold) * PE) + place[0];
    end
  end
endmodule
