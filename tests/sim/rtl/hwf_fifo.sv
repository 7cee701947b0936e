// SPDX-License-Identifier: Apache-2.0
// Stands in for the FIFO that measures: a buffer of `limit` beats, four at most, and a register with the
// most that it ever held.
module hwf_fifo #(
  parameter int WIDTH = 8
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
  logic [3:0][WIDTH-1:0] beats;
  logic [2:0]            count;
  logic [31:0]           high_water, limit, depth;
  logic                  push, pop;

  initial limit = 4;
  assign push = in0_V_TVALID && in0_V_TREADY;
  assign pop = out0_V_TVALID && out0_V_TREADY;
  assign in0_V_TREADY = 32'(count) < depth;
  assign out0_V_TVALID = count != 3'd0;
  assign out0_V_TDATA = beats[2'(count - 3'd1)];

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      depth      <= limit;
      count      <= '0;
      high_water <= '0;
    end else begin
      count <= count + 3'(push) - 3'(pop);
      if (32'(count) > high_water) high_water <= 32'(count);
    end
    if (push) beats <= {beats[2:0], in0_V_TDATA};
  end
endmodule
