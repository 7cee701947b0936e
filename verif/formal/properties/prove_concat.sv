// SPDX-License-Identifier: Apache-2.0
// C0 / PE beats of in0 and C1 / PE of in1 take turns; each comes out once, unchanged, in the order in which they were taken,
// whatever the stalls.
module prove_concat #(
  parameter int BITS = 1,
  parameter int PE = 1,
  parameter int C0 = 1,
  parameter int C1 = 1
) (
  input logic               ap_clk,
  input logic [1:0]         offer,
  input logic [PE*BITS-1:0] beat0,
  input logic [PE*BITS-1:0] beat1,
  input logic               out_ready,
  input logic               pick
);
  localparam int WIDTH = PE * BITS;

  logic             ap_rst_n, out_valid;
  logic [1:0]       in_valid, in_ready;
  logic [WIDTH-1:0] in_data0, in_data1, out_data;

  reset_once reset (.*);
  any_source #(.WIDTH(WIDTH)) source0 (
    .*, .offer(offer[0]), .beat(beat0), .TDATA(in_data0), .TVALID(in_valid[0]), .TREADY(in_ready[0])
  );
  any_source #(.WIDTH(WIDTH)) source1 (
    .*, .offer(offer[1]), .beat(beat1), .TDATA(in_data1), .TVALID(in_valid[1]), .TREADY(in_ready[1])
  );

  hwf_concat #(.BITS(BITS), .PE(PE), .C0(C0), .C1(C1)) dut (
    .*,
    .in0_V_TDATA(in_data0), .in0_V_TVALID(in_valid[0]), .in0_V_TREADY(in_ready[0]),
    .in1_V_TDATA(in_data1), .in1_V_TVALID(in_valid[1]), .in1_V_TREADY(in_ready[1]),
    .out0_V_TDATA(out_data), .out0_V_TVALID(out_valid), .out0_V_TREADY(out_ready)
  );

  logic [1:0]  taken;
  int unsigned channel;  // the first one of the next beat out
  assign taken = in_valid & in_ready;
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) channel <= 0;
    else begin
      if (|taken) channel <= channel + PE == C0 + C1 ? 0 : channel + PE;
      in_turn: assert (taken == 2'b00 || taken == (channel < C0 ? 2'b01 : 2'b10));
    end
  end

  stream_rules #(.WIDTH(WIDTH)) rules (.*, .TDATA(out_data), .TVALID(out_valid), .TREADY(out_ready));
  scoreboard #(.WIDTH(WIDTH), .HELD(1), .LATENCY(0)) board (
    .*,
    .due(|taken), .due_data(taken[0] ? in_data0 : in_data1),
    .offered(out_valid), .seen(out_valid && out_ready), .seen_data(out_data)
  );
  no_standstill #(.PATIENCE(0)) progress (.*, .offers(out_valid), .takes(|taken || in_valid != 2'b11));
endmodule
