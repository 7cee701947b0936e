// SPDX-License-Identifier: Apache-2.0
// Every beat comes out in the cycle in which it is taken, unchanged, and TLAST is on exactly those beats that are the
// BEATS-th since reset or since the beat with TLAST before, whatever the stalls; TLAST holds while its beat waits.
module prove_tlast #(
  parameter int WIDTH = 1,
  parameter int BEATS = 3
) (
  input logic             ap_clk,
  input logic             offer,
  input logic [WIDTH-1:0] beat,
  input logic             out_ready
);
  logic             ap_rst_n, in_valid, in_ready, out_valid, out_last;
  logic [WIDTH-1:0] in_data, out_data;

  reset_once reset (.*);
  any_source #(.WIDTH(WIDTH)) source (.*, .TDATA(in_data), .TVALID(in_valid), .TREADY(in_ready));

  hwf_tlast #(.WIDTH(WIDTH), .BEATS(BEATS)) dut (
    .*,
    .in0_V_TDATA(in_data), .in0_V_TVALID(in_valid), .in0_V_TREADY(in_ready),
    .out0_V_TDATA(out_data), .out0_V_TVALID(out_valid), .out0_V_TLAST(out_last), .out0_V_TREADY(out_ready)
  );

  int unsigned since;  // beats since the last TLAST, as a reader of the output counts them
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) since <= 0;
    else begin
      if (out_valid && out_ready) since <= out_last ? 0 : since + 1;
      through: assert (out_valid == in_valid && in_ready == out_ready && out_data == in_data);
      in_its_place: assert (!out_valid || out_last == (since == BEATS - 1));
      none_missed: assert (since < BEATS);
    end
  end

  stream_rules #(.WIDTH(WIDTH + 1)) rules (.*, .TDATA({out_last, out_data}), .TVALID(out_valid), .TREADY(out_ready));
endmodule
