// SPDX-License-Identifier: Apache-2.0
// The bits that go in come out, once, unchanged and in order, the first beat in the lowest bits of a wider one, whatever
// the stalls.
module prove_width #(
  parameter int IN_WIDTH = 2,
  parameter int OUT_WIDTH = 1
) (
  input logic                ap_clk,
  input logic                offer,
  input logic [IN_WIDTH-1:0] beat,
  input logic                out_ready,
  input logic                pick
);
  localparam int WIDE = IN_WIDTH > OUT_WIDTH ? IN_WIDTH : OUT_WIDTH;

  logic                 ap_rst_n, in_valid, in_ready, out_valid, taken, sent;
  logic [IN_WIDTH-1:0]  in_data;
  logic [OUT_WIDTH-1:0] out_data;
  assign taken = in_valid && in_ready;
  assign sent  = out_valid && out_ready;

  reset_once reset (.*);
  any_source #(.WIDTH(IN_WIDTH)) source (.*, .TDATA(in_data), .TVALID(in_valid), .TREADY(in_ready));
  hwf_width #(.IN_WIDTH(IN_WIDTH), .OUT_WIDTH(OUT_WIDTH)) dut (
    .*,
    .in0_V_TDATA(in_data), .in0_V_TVALID(in_valid), .in0_V_TREADY(in_ready),
    .out0_V_TDATA(out_data), .out0_V_TVALID(out_valid), .out0_V_TREADY(out_ready)
  );
  stream_rules #(.WIDTH(OUT_WIDTH)) rules (.*, .TDATA(out_data), .TVALID(out_valid), .TREADY(out_ready));

  // Both sides in wide beats, gathered in registers of the proof's own.
  logic            due, seen;
  logic [WIDE-1:0] due_data, seen_data;
  gather #(.NARROW(IN_WIDTH), .WIDE(WIDE)) gather_in (.*, .data(in_data), .move(taken), .whole(due), .whole_data(due_data));
  gather #(.NARROW(OUT_WIDTH), .WIDE(WIDE)) gather_out (.*, .data(out_data), .move(sent), .whole(seen), .whole_data(seen_data));
  scoreboard #(.WIDTH(WIDE), .HELD(1), .LATENCY(0)) board (.*, .offered(out_valid));
  no_standstill #(.PATIENCE(0)) progress (.*, .offers(out_valid), .takes(in_ready || !in_valid));
endmodule

// Beats of NARROW bits as beats of WIDE: whole in the cycle in which the last part moves.
module gather #(
  parameter int NARROW = 1,
  parameter int WIDE = 1
) (
  input  logic              ap_clk,
  input  logic              ap_rst_n,
  input  logic [NARROW-1:0] data,
  input  logic              move,
  output logic              whole,
  output logic [WIDE-1:0]   whole_data
);
  localparam int PARTS = WIDE / NARROW;
  logic [WIDE-1:0] parts;
  int unsigned     part;

  always_comb begin
    whole_data = parts;
    whole_data[part*NARROW+:NARROW] = data;
  end
  assign whole = move && part == PARTS - 1;
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) part <= 0;
    else if (move) part <= part == PARTS - 1 ? 0 : part + 1;
    if (move) parts <= whole_data;
  end
endmodule
