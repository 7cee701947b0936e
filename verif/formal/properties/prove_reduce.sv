// SPDX-License-Identifier: Apache-2.0
// For each group of beats exactly one result comes out, in order, whatever the stalls, and it is the right one:
// - hwf_max: the element-wise maximum of WINDOW beats;
// - hwf_accumulate: for each beat of a pixel the sum over PIXELS pixels, modulo 2^OBITS;
// - hwf_top1: the index of the largest of C values, the lowest among equals.
module prove_reduce #(
  parameter string MODULE = "max",  // "max", "accumulate" or "top1"
  parameter int    PE = 1,
  parameter int    BITS = 1,
  parameter bit    SIGNED = 0,
  parameter int    OBITS = 1,
  parameter int    FOLDS = 1,       // beats of a pixel (accumulate)
  parameter int    COUNT = 2,       // WINDOW, PIXELS, or C / PE
  parameter string STYLE = "lut"
) (
  input logic               ap_clk,
  input logic               offer,
  input logic [PE*BITS-1:0] beat,
  input logic               out_ready,
  input logic               pick
);
  localparam int OUT = MODULE == "max" ? PE * BITS : MODULE == "top1" ? OBITS : PE * OBITS;

  logic               ap_rst_n, in_valid, in_ready, out_valid, taken;
  logic [PE*BITS-1:0] in_data;
  logic [OUT-1:0]     out_data, wanted;
  assign taken = in_valid && in_ready;

  reset_once reset (.*);
  any_source #(.WIDTH(PE*BITS)) source (.*, .TDATA(in_data), .TVALID(in_valid), .TREADY(in_ready));

  // The position of the beat at the input, and its elements as integers.
  int unsigned fold, group;
  logic        last;
  int          value[PE];
  assign last = group == COUNT - 1;
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      fold  <= 0;
      group <= 0;
    end else if (taken) begin
      fold <= fold == FOLDS - 1 ? 0 : fold + 1;
      if (fold == FOLDS - 1) group <= last ? 0 : group + 1;
    end
  end
  always_comb begin
    for (int i = 0; i < PE; i++) begin
      value[i] = SIGNED ? 32'($signed(in_data[i*BITS+:BITS])) : 32'(in_data[i*BITS+:BITS]);
    end
  end

  if (MODULE == "max") begin : g_max
    hwf_max #(.PE(PE), .BITS(BITS), .SIGNED(SIGNED), .WINDOW(COUNT)) dut (
      .*,
      .in0_V_TDATA(in_data), .in0_V_TVALID(in_valid), .in0_V_TREADY(in_ready),
      .out0_V_TDATA(out_data), .out0_V_TVALID(out_valid), .out0_V_TREADY(out_ready)
    );
    logic [PE*BITS-1:0] so_far;
    always_comb begin
      int old;
      for (int i = 0; i < PE; i++) begin
        old = SIGNED ? 32'($signed(so_far[i*BITS+:BITS])) : 32'(so_far[i*BITS+:BITS]);
        wanted[i*BITS+:BITS] = group == 0 || value[i] > old ? in_data[i*BITS+:BITS] : so_far[i*BITS+:BITS];
      end
    end
    always_ff @(posedge ap_clk) if (taken) so_far <= wanted;
  end else if (MODULE == "accumulate") begin : g_accumulate
    hwf_accumulate #(
      .C(FOLDS*PE), .PE(PE), .IBITS(BITS), .ISIGNED(SIGNED), .OBITS(OBITS), .PIXELS(COUNT), .STYLE(STYLE)
    ) dut (
      .*,
      .in0_V_TDATA(in_data), .in0_V_TVALID(in_valid), .in0_V_TREADY(in_ready),
      .out0_V_TDATA(out_data), .out0_V_TVALID(out_valid), .out0_V_TREADY(out_ready)
    );
    logic [OUT-1:0] so_far[FOLDS];
    always_comb begin
      for (int i = 0; i < PE; i++) begin
        wanted[i*OBITS+:OBITS] = (group == 0 ? '0 : so_far[fold][i*OBITS+:OBITS]) + value[i][OBITS-1:0];
      end
    end
    always_ff @(posedge ap_clk) if (taken) so_far[fold] <= wanted;
  end else begin : g_top1
    hwf_top1 #(.C(COUNT*PE), .PE(PE), .BITS(BITS), .SIGNED(SIGNED), .OBITS(OBITS)) dut (
      .*,
      .in0_V_TDATA(in_data), .in0_V_TVALID(in_valid), .in0_V_TREADY(in_ready),
      .out0_V_TDATA(out_data), .out0_V_TVALID(out_valid), .out0_V_TREADY(out_ready)
    );
    logic [BITS-1:0]  best, best_so_far;
    logic [OBITS-1:0] index_so_far;
    always_comb begin
      int old;
      best   = best_so_far;
      wanted = index_so_far;
      for (int i = 0; i < PE; i++) begin
        old = SIGNED ? 32'($signed(best)) : 32'(best);
        if ((group == 0 && i == 0) || value[i] > old) begin
          best   = in_data[i*BITS+:BITS];
          wanted = OBITS'(int'(group) * PE + i);
        end
      end
    end
    always_ff @(posedge ap_clk) begin
      if (taken) begin
        best_so_far  <= best;
        index_so_far <= wanted;
      end
    end
  end

  stream_rules #(.WIDTH(OUT)) rules (.*, .TDATA(out_data), .TVALID(out_valid), .TREADY(out_ready));
  // hwf_accumulate holds one more result, in its first stage, and shows it a cycle later.
  scoreboard #(.WIDTH(OUT), .HELD(MODULE == "accumulate" ? 2 : 1), .LATENCY(MODULE == "accumulate" ? 1 : 0)) board (
    .*,
    .due(taken && last), .due_data(wanted),
    .offered(out_valid), .seen(out_valid && out_ready), .seen_data(out_data)
  );
  no_standstill #(.PATIENCE(0)) progress (.*, .offers(out_valid), .takes(in_ready || !in_valid));
endmodule
