// SPDX-License-Identifier: Apache-2.0
// One beat of each input is taken at a time, both in the same cycle, and for each such pair one beat comes out, in order:
// - hwf_interleave: the elements of both in turn, in0's first;
// - hwf_add: the element-wise sum, or the nearest number that fits.
module prove_join #(
  parameter bit ADD = 0,
  parameter int PE = 1,
  parameter int IBITS0 = 1,
  parameter int IBITS1 = 1,  // hwf_interleave: the same as IBITS0
  parameter int OBITS = 2    // of an element; hwf_interleave: the same as IBITS0
) (
  input logic                 ap_clk,
  input logic [1:0]           offer,
  input logic [PE*IBITS0-1:0] beat0,
  input logic [PE*IBITS1-1:0] beat1,
  input logic                 out_ready,
  input logic                 pick
);
  localparam int WIDTH = (ADD ? 1 : 2) * PE * OBITS;

  logic                 ap_rst_n, out_valid;
  logic [1:0]           in_valid, in_ready, taken;
  logic [PE*IBITS0-1:0] in_data0;
  logic [PE*IBITS1-1:0] in_data1;
  logic [WIDTH-1:0]     out_data, wanted;

  reset_once reset (.*);
  any_source #(.WIDTH(PE*IBITS0)) source0 (
    .*, .offer(offer[0]), .beat(beat0), .TDATA(in_data0), .TVALID(in_valid[0]), .TREADY(in_ready[0])
  );
  any_source #(.WIDTH(PE*IBITS1)) source1 (
    .*, .offer(offer[1]), .beat(beat1), .TDATA(in_data1), .TVALID(in_valid[1]), .TREADY(in_ready[1])
  );

  if (ADD) begin : g_add
    hwf_add #(.PE(PE), .IBITS0(IBITS0), .IBITS1(IBITS1), .OBITS(OBITS)) dut (
      .*,
      .in0_V_TDATA(in_data0), .in0_V_TVALID(in_valid[0]), .in0_V_TREADY(in_ready[0]),
      .in1_V_TDATA(in_data1), .in1_V_TVALID(in_valid[1]), .in1_V_TREADY(in_ready[1]),
      .out0_V_TDATA(out_data), .out0_V_TVALID(out_valid), .out0_V_TREADY(out_ready)
    );
    always_comb begin
      int total;
      for (int i = 0; i < PE; i++) begin
        total = 32'($signed(in_data0[i*IBITS0+:IBITS0])) + 32'($signed(in_data1[i*IBITS1+:IBITS1]));
        if (total > (1 << (OBITS - 1)) - 1) total = (1 << (OBITS - 1)) - 1;
        if (total < -(1 << (OBITS - 1))) total = -(1 << (OBITS - 1));
        wanted[i*OBITS+:OBITS] = total[OBITS-1:0];
      end
    end
  end else begin : g_interleave
    hwf_interleave #(.BITS(IBITS0), .PE(PE)) dut (
      .*,
      .in0_V_TDATA(in_data0), .in0_V_TVALID(in_valid[0]), .in0_V_TREADY(in_ready[0]),
      .in1_V_TDATA(in_data1), .in1_V_TVALID(in_valid[1]), .in1_V_TREADY(in_ready[1]),
      .out0_V_TDATA(out_data), .out0_V_TVALID(out_valid), .out0_V_TREADY(out_ready)
    );
    for (genvar i = 0; i < PE; i++) begin : g_element
      assign wanted[2*i*OBITS+:OBITS] = in_data0[i*OBITS+:OBITS];
      assign wanted[(2*i+1)*OBITS+:OBITS] = in_data1[i*OBITS+:OBITS];
    end
  end

  assign taken = in_valid & in_ready;
  always_ff @(posedge ap_clk) begin
    if (ap_rst_n) begin
      together: assert (taken[0] == taken[1]);
    end
  end

  stream_rules #(.WIDTH(WIDTH)) rules (.*, .TDATA(out_data), .TVALID(out_valid), .TREADY(out_ready));
  scoreboard #(.WIDTH(WIDTH), .HELD(1), .LATENCY(0)) board (
    .*,
    .due(taken[0]), .due_data(wanted),
    .offered(out_valid), .seen(out_valid && out_ready), .seen_data(out_data)
  );
  no_standstill #(.PATIENCE(0)) progress (.*, .offers(out_valid), .takes(taken[0] || in_valid != 2'b11));
endmodule
