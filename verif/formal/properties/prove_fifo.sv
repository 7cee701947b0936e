// SPDX-License-Identifier: Apache-2.0
// If two beats go into the FIFO one after the other, they come out one after the other, unchanged, each once, whatever the
// stalls on both sides; the FIFO offers a beat exactly while it holds one, takes one exactly while it holds fewer than
// DEPTH_BEATS, and decides both without looking at the other side.
module prove_fifo #(
  parameter int    WIDTH = 1,
  parameter int    DEPTH_BEATS = 3,
  parameter string STYLE = "lut"
) (
  input logic             ap_clk,
  input logic             offer,
  input logic [WIDTH-1:0] beat,
  input logic             out_ready,
  input logic             pick
);
  logic             ap_rst_n, in_valid, in_ready, out_valid;
  logic [WIDTH-1:0] in_data, out_data;

  reset_once reset (.*);
  any_source #(.WIDTH(WIDTH)) source (.*, .TDATA(in_data), .TVALID(in_valid), .TREADY(in_ready));

  hwf_fifo #(.WIDTH(WIDTH), .DEPTH_BEATS(DEPTH_BEATS), .STYLE(STYLE)) dut (
    .*,
    .in0_V_TDATA(in_data), .in0_V_TVALID(in_valid), .in0_V_TREADY(in_ready),
    .out0_V_TDATA(out_data), .out0_V_TVALID(out_valid), .out0_V_TREADY(out_ready)
  );

  stream_rules #(.WIDTH(WIDTH)) rules (.*, .TDATA(out_data), .TVALID(out_valid), .TREADY(out_ready));

  scoreboard #(.WIDTH(WIDTH), .HELD(DEPTH_BEATS), .LATENCY(0)) board (
    .*,
    .due(in_valid && in_ready), .due_data(in_data),
    .offered(out_valid), .seen(out_valid && out_ready), .seen_data(out_data)
  );

  // Exact fill, counted apart from the FIFO's own counter.
  logic [$clog2(DEPTH_BEATS+1)-1:0] fill;
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) fill <= '0;
    else begin
      fill <= fill + (in_valid && in_ready ? 1'b1 : 1'b0) - (out_valid && out_ready ? 1'b1 : 1'b0);
      offers_what_it_holds: assert (out_valid == (fill != '0));
      takes_while_it_has_room: assert (in_ready == (int'(fill) < DEPTH_BEATS));
    end
  end
endmodule
