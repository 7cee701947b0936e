// SPDX-License-Identifier: Apache-2.0
// Of each (C0 + C1) / PE beats the first C0 / PE come out of out0 and the others out of out1, each once, unchanged and in
// order, whatever the stalls.
module prove_split #(
  parameter int BITS = 1,
  parameter int PE = 1,
  parameter int C0 = 1,
  parameter int C1 = 1
) (
  input logic               ap_clk,
  input logic               offer,
  input logic [PE*BITS-1:0] beat,
  input logic [1:0]         out_ready,
  input logic [1:0]         pick
);
  localparam int WIDTH = PE * BITS;

  logic             ap_rst_n, in_valid, in_ready;
  logic [WIDTH-1:0] in_data;
  logic [1:0]       out_valid;
  logic [WIDTH-1:0] out_data[2];

  reset_once reset (.*);
  any_source #(.WIDTH(WIDTH)) source (.*, .TDATA(in_data), .TVALID(in_valid), .TREADY(in_ready));

  hwf_split #(.BITS(BITS), .PE(PE), .C0(C0), .C1(C1)) dut (
    .*,
    .in0_V_TDATA(in_data), .in0_V_TVALID(in_valid), .in0_V_TREADY(in_ready),
    .out0_V_TDATA(out_data[0]), .out0_V_TVALID(out_valid[0]), .out0_V_TREADY(out_ready[0]),
    .out1_V_TDATA(out_data[1]), .out1_V_TVALID(out_valid[1]), .out1_V_TREADY(out_ready[1])
  );

  int unsigned channel;  // the first one of the next beat in
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) channel <= 0;
    else if (in_valid && in_ready) channel <= channel + PE == C0 + C1 ? 0 : channel + PE;
  end

  for (genvar i = 0; i < 2; i++) begin : g_output
    stream_rules #(.WIDTH(WIDTH)) rules (.*, .TDATA(out_data[i]), .TVALID(out_valid[i]), .TREADY(out_ready[i]));
    scoreboard #(.WIDTH(WIDTH), .HELD(1), .LATENCY(0)) board (
      .*, .pick(pick[i]),
      .due(in_valid && in_ready && (channel >= C0) == (i == 1)), .due_data(in_data),
      .offered(out_valid[i]), .seen(out_valid[i] && out_ready[i]), .seen_data(out_data[i])
    );
  end

  no_standstill #(.PATIENCE(0)) progress (.*, .offers(|out_valid), .takes(in_ready || !in_valid));
endmodule
