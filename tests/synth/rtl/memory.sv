// SPDX-License-Identifier: Apache-2.0
// A memory that the synthesis finds by itself: RAM_STYLE "block", "ultra" or "distributed"; one write and one read port.
module memory #(
  parameter int    DEPTH = 1024,
  parameter int    WIDTH = 18,
  parameter string KIND = "block"
) (
  input  logic                     ap_clk,
  input  logic                     write,
  input  logic [$clog2(DEPTH)-1:0] waddr,
  input  logic [$clog2(DEPTH)-1:0] raddr,
  input  logic [WIDTH-1:0]         d,
  output logic [WIDTH-1:0]         q
);
  if (KIND == "block") begin : g_block
    (* ram_style = "block" *)
    logic [WIDTH-1:0] words[DEPTH];
    always_ff @(posedge ap_clk) begin
      if (write) words[waddr] <= d;
      q <= words[raddr];
    end
  end else if (KIND == "ultra") begin : g_ultra
    (* ram_style = "ultra" *)
    logic [WIDTH-1:0] words[DEPTH];
    always_ff @(posedge ap_clk) begin
      if (write) words[waddr] <= d;
      q <= words[raddr];
    end
  end else begin : g_distributed
    (* ram_style = "distributed" *)
    logic [WIDTH-1:0] words[DEPTH];
    always_ff @(posedge ap_clk) if (write) words[waddr] <= d;
    assign q = words[raddr];
  end
endmodule
