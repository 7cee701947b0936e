// SPDX-License-Identifier: Apache-2.0
// Every beat reaches every copy once, unchanged and in order, whatever the stalls of the copies; a copy that is ready gets
// its beat while another one stalls.
module prove_fork #(
  parameter int WIDTH = 1,
  parameter int COPIES = 2
) (
  input logic              ap_clk,
  input logic              offer,
  input logic [WIDTH-1:0]  beat,
  input logic [COPIES-1:0] out_ready,
  input logic [COPIES-1:0] pick
);
  logic                    ap_rst_n, in_valid, in_ready;
  logic [WIDTH-1:0]        in_data;
  logic [COPIES-1:0]       out_valid;
  logic [COPIES*WIDTH-1:0] out_data;

  reset_once reset (.*);
  any_source #(.WIDTH(WIDTH)) source (.*, .TDATA(in_data), .TVALID(in_valid), .TREADY(in_ready));

  hwf_fork #(.WIDTH(WIDTH), .COPIES(COPIES)) dut (
    .*,
    .in0_V_TDATA(in_data), .in0_V_TVALID(in_valid), .in0_V_TREADY(in_ready),
    .out_V_TDATA(out_data), .out_V_TVALID(out_valid), .out_V_TREADY(out_ready)
  );

  for (genvar i = 0; i < COPIES; i++) begin : g_copy
    stream_rules #(.WIDTH(WIDTH)) rules (
      .*, .TDATA(out_data[i*WIDTH+:WIDTH]), .TVALID(out_valid[i]), .TREADY(out_ready[i])
    );
    // A beat is due to a copy when it enters, and offered from then on: latency 0 behind the register, no other wait.
    scoreboard #(.WIDTH(WIDTH), .HELD(1), .LATENCY(0)) board (
      .*, .pick(pick[i]),
      .due(in_valid && in_ready), .due_data(in_data),
      .offered(out_valid[i]), .seen(out_valid[i] && out_ready[i]), .seen_data(out_data[i*WIDTH+:WIDTH])
    );
  end

  no_standstill #(.PATIENCE(0)) progress (.*, .offers(|out_valid), .takes(in_ready || !in_valid));
endmodule
