// SPDX-License-Identifier: Apache-2.0
// Each beat goes through in the cycle in which it is taken, its codes 0 and 1 as the numbers -1 and +1.
module prove_signs #(
  parameter int PE = 1
) (
  input logic          ap_clk,
  input logic          offer,
  input logic [PE-1:0] beat,
  input logic          out_ready
);
  logic            ap_rst_n, in_valid, in_ready, out_valid;
  logic [PE-1:0]   in_data;
  logic [2*PE-1:0] out_data;

  reset_once reset (.*);
  any_source #(.WIDTH(PE)) source (.*, .TDATA(in_data), .TVALID(in_valid), .TREADY(in_ready));
  hwf_signs #(.PE(PE)) dut (
    .*,
    .in0_V_TDATA(in_data), .in0_V_TVALID(in_valid), .in0_V_TREADY(in_ready),
    .out0_V_TDATA(out_data), .out0_V_TVALID(out_valid), .out0_V_TREADY(out_ready)
  );

  always_ff @(posedge ap_clk) begin
    if (ap_rst_n) begin
      offered_at_once: assert (out_valid == in_valid);
      taken_at_once: assert (in_ready == out_ready);
    end
  end
  for (genvar i = 0; i < PE; i++) begin : g_element
    always_ff @(posedge ap_clk) begin
      if (ap_rst_n) begin
        as_number: assert ($signed(out_data[2*i+:2]) == (in_data[i] ? 2'sd1 : -2'sd1));
      end
    end
  end

  stream_rules #(.WIDTH(2*PE)) rules (.*, .TDATA(out_data), .TVALID(out_valid), .TREADY(out_ready));
  no_standstill #(.PATIENCE(0)) progress (.*, .offers(out_valid), .takes(in_ready || !in_valid));
endmodule
