// SPDX-License-Identifier: Apache-2.0
// Two additions with a FIFO between them; both streams between can be tapped. Takes LIMIT beats, then no more (-1: all).
module line #(
  parameter int WIDTH = 12,
  parameter int LIMIT = -1
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
  logic [WIDTH-1:0] s1_tdata, s2_tdata, gate_tdata;
  logic             s1_tvalid, s1_tready, s2_tvalid, s2_tready, gate_tvalid, gate_tready;
  logic [31:0]      passed;
  logic             open;

  skid #(
    .WIDTH(WIDTH),
    .ADD  (WIDTH'(1))
  ) first (
    .ap_clk,
    .ap_rst_n,
    .in0_V_TDATA,
    .in0_V_TVALID,
    .in0_V_TREADY,
    .out0_V_TDATA (s1_tdata),
    .out0_V_TVALID(s1_tvalid),
    .out0_V_TREADY(s1_tready)
  );
  hwf_fifo #(
    .WIDTH(WIDTH)
  ) fifo (
    .ap_clk,
    .ap_rst_n,
    .in0_V_TDATA  (s1_tdata),
    .in0_V_TVALID (s1_tvalid),
    .in0_V_TREADY (s1_tready),
    .out0_V_TDATA (s2_tdata),
    .out0_V_TVALID(s2_tvalid),
    .out0_V_TREADY(s2_tready)
  );

  assign open = LIMIT < 0 || passed < 32'(LIMIT);
  assign gate_tdata = s2_tdata;
  assign gate_tvalid = s2_tvalid && open;
  assign s2_tready = gate_tready && open;
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) passed <= '0;
    else if (gate_tvalid && gate_tready) passed <= passed + 32'd1;
  end

  skid #(
    .WIDTH(WIDTH),
    .ADD  (WIDTH'(2))
  ) second (
    .ap_clk,
    .ap_rst_n,
    .in0_V_TDATA (gate_tdata),
    .in0_V_TVALID(gate_tvalid),
    .in0_V_TREADY(gate_tready),
    .out0_V_TDATA,
    .out0_V_TVALID,
    .out0_V_TREADY
  );
endmodule
