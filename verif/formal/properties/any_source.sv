// SPDX-License-Identifier: Apache-2.0
// A sender that obeys the stream rules and is otherwise free: it may offer any beat at any time, and holds it until taken.
//
// `offer` and `beat` are free inputs of the proof, so what holds here holds for every sender.
module any_source #(
  parameter int WIDTH = 1
) (
  input  logic             ap_clk,
  input  logic             ap_rst_n,
  input  logic             offer,
  input  logic [WIDTH-1:0] beat,
  output logic [WIDTH-1:0] TDATA,
  output logic             TVALID,
  input  logic             TREADY
);
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) TVALID <= 1'b0;
    else if (!TVALID || TREADY) TVALID <= offer;
    if (!TVALID || TREADY) TDATA <= beat;
  end
endmodule
