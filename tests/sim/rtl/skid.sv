// SPDX-License-Identifier: Apache-2.0
// Skid buffer that adds ADD to each beat: latency 1 cycle, a beat a cycle; in0_V_TREADY is a register.
module skid #(
  parameter int               WIDTH = 8,  // bits a beat
  parameter logic [WIDTH-1:0] ADD = '0,
  parameter string            KIND = "add"  // "add" or "pass": leave beats as they are
) (
  input  logic             ap_clk,
  input  logic             ap_rst_n,
  input  logic [WIDTH-1:0] in0_V_TDATA,
  input  logic             in0_V_TVALID,
  output logic             in0_V_TREADY,
  output logic [WIDTH-1:0] out0_V_TDATA,
  output logic             out0_V_TVALID,
  input  logic             out0_V_TREADY
);
  if (WIDTH < 1) begin : g_check_width
    $error("%m: WIDTH=%0d must be at least 1", WIDTH);
  end
  if (KIND != "add" && KIND != "pass") begin : g_check_kind
    $error("%m: KIND=%s must be add or pass", KIND);
  end

  logic [WIDTH-1:0] sum, spare;
  logic             spare_valid;

  assign sum = KIND == "add" ? in0_V_TDATA + ADD : in0_V_TDATA;
  assign in0_V_TREADY = !spare_valid;

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      out0_V_TVALID <= 1'b0;
      spare_valid   <= 1'b0;
    end else if (out0_V_TREADY || !out0_V_TVALID) begin
      out0_V_TVALID <= spare_valid || in0_V_TVALID;
      spare_valid   <= 1'b0;
    end else if (in0_V_TVALID && in0_V_TREADY) begin
      spare_valid <= 1'b1;
    end
    if (out0_V_TREADY || !out0_V_TVALID) out0_V_TDATA <= spare_valid ? spare : sum;
    if (in0_V_TREADY) spare <= sum;
  end
endmodule
