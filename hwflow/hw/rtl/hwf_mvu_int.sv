// SPDX-License-Identifier: Apache-2.0
//
// Matrix times vector with integer weights: MH dot products of MW activations with signed weights, a product each on a DSP slice.
//
// in0:  activations of ABITS, signed with ASIGNED = 1, SIMD a beat, MW / SIMD beats a vector.
// out0: dot products modulo 2^OBITS, two's complement, PE rows a beat, MH / PE beats a vector.
//
// Cycles a vector without stalls: (MH / PE) * (MW / SIMD), none between vectors.
// Latency from a vector's last beat to its first rows: SIMD + 3 cycles, and MW / SIMD more with MH > PE.
// in0 TREADY is a register with MH > PE, else it follows out0 TREADY combinationally.
//
// The products of a row are summed from DSP slice to DSP slice, without an adder tree: column i of a word is a cycle behind
// column i - 1, its activation through a shift register and its weight because its memory is addressed a cycle later.
// Input, product and sum each have the register that the slice has room for.
module hwf_mvu_int #(
  parameter int unsigned MW = 27,     // columns: activations of a dot product
  parameter int unsigned MH = 8,      // rows
  parameter int unsigned SIMD = 9,    // columns a cycle, divides MW
  parameter int unsigned PE = 4,      // rows at once, divides MH
  parameter int unsigned ABITS = 8,   // bits of an activation
  parameter bit ASIGNED = 0,
  parameter int unsigned WBITS = 8,   // bits of a weight
  parameter int unsigned OBITS = 24,  // bits of an output element
  parameter string WSTYLE = "lut",    // weight memory: "lut" or "block"
  parameter string BSTYLE = "lut",    // memory of two input vectors (where MH > PE): "lut" or "block"
  parameter logic [MH*MW*WBITS-1:0] WEIGHTS = '0  // [simd][nf][sf][pe]: one memory a column
) (
  input  logic                  ap_clk,
  input  logic                  ap_rst_n,
  input  logic [SIMD*ABITS-1:0] in0_V_TDATA,
  input  logic                  in0_V_TVALID,
  output logic                  in0_V_TREADY,
  output logic [PE*OBITS-1:0]   out0_V_TDATA,
  output logic                  out0_V_TVALID,
  input  logic                  out0_V_TREADY
);
  if (SIMD < 1 || MW % SIMD != 0) begin : g_check_simd
    $error("%m: SIMD=%0d must divide MW=%0d", SIMD, MW);
  end
  if (PE < 1 || MH % PE != 0) begin : g_check_pe
    $error("%m: PE=%0d must divide MH=%0d", PE, MH);
  end
  if (ABITS < 1 || WBITS < 1 || OBITS < 1) begin : g_check_bits
    $error("%m: ABITS=%0d, WBITS=%0d and OBITS=%0d must be at least 1", ABITS, WBITS, OBITS);
  end

  localparam int unsigned SF = MW / SIMD;
  localparam int unsigned NF = MH / PE;
  localparam int unsigned STEPS = SF * NF;
  localparam int unsigned STEP_BITS = STEPS > 1 ? $clog2(STEPS) : 1;
  localparam int unsigned PRODUCT_BITS = ABITS + WBITS;
  localparam int unsigned SUM_BITS = PRODUCT_BITS + $clog2(SIMD);
  localparam int unsigned DELAY = SIMD + 2;  // from step to accumulator

  localparam int unsigned COLUMN_BITS = STEPS * PE * WBITS;

  logic enable, valid, last;
  logic [STEP_BITS-1:0] position;
  logic [SIMD*ABITS-1:0] word;
  hwf_replay #(
    .WIDTH(SIMD * ABITS),
    .WORDS(SF),
    .TIMES(NF),
    .STYLE(BSTYLE)
  ) replay (
    .ap_clk,
    .ap_rst_n,
    .in0_V_TDATA,
    .in0_V_TVALID,
    .in0_V_TREADY,
    .enable,
    .valid,
    .position,
    .last,
    .word
  );

  logic [DELAY-1:0] valids, lasts;
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) valids <= '0;
    else if (enable) valids <= {valids[DELAY-2:0], valid};
    if (enable) lasts <= {lasts[DELAY-2:0], last};
  end

  // positions[i] is what column i reads; sums[i] of each row is that of columns 0 to i.
  logic [SIMD-1:0][STEP_BITS-1:0] positions;
  logic [SIMD-1:0][PE-1:0][SUM_BITS-1:0] sums;
  for (genvar i = 0; i < SIMD; i++) begin : g_column
    logic [ABITS-1:0] activation;
    logic [PE*WBITS-1:0] weights;
    if (i == 0) begin : g_first
      assign positions[0] = position;
      assign activation = word[ABITS-1:0];
    end else begin : g_later
      logic [i-1:0][ABITS-1:0] behind;
      always_ff @(posedge ap_clk) begin
        if (enable) begin
          positions[i] <= positions[i-1];
          behind[0] <= word[i*ABITS+:ABITS];
          for (int unsigned k = 1; k < i; k++) behind[k] <= behind[k-1];
        end
      end
      assign activation = behind[i-1];
    end

    hwf_rom #(
      .DEPTH(STEPS),
      .WIDTH(PE * WBITS),
      .STYLE(WSTYLE),
      .INIT (WEIGHTS[i*COLUMN_BITS+:COLUMN_BITS])
    ) rom (
      .ap_clk,
      .enable,
      .address(positions[i]),
      .data(weights)
    );

    logic signed [ABITS:0] a;
    assign a = {ASIGNED & activation[ABITS-1], activation};
    for (genvar pe = 0; pe < PE; pe++) begin : g_product
      logic signed [WBITS-1:0] w;
      logic signed [PRODUCT_BITS-1:0] product;
      logic signed [SUM_BITS-1:0] sum;
      assign w = weights[pe*WBITS+:WBITS];
      assign sums[i][pe] = sum;
      always_ff @(posedge ap_clk) if (enable) product <= PRODUCT_BITS'(w * a);
      if (i == 0) begin : g_start
        always_ff @(posedge ap_clk) if (enable) sum <= SUM_BITS'(product);
      end else begin : g_add
        always_ff @(posedge ap_clk) if (enable) sum <= SUM_BITS'(product) + $signed(sums[i-1][pe]);
      end
    end
  end

  logic arrives, fresh;  // a sum for the accumulators, the first of its rows
  assign arrives = enable && valids[DELAY-1];
  assign enable = !out0_V_TVALID || out0_V_TREADY;
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      out0_V_TVALID <= 1'b0;
      fresh <= 1'b1;
    end else if (enable) begin
      out0_V_TVALID <= valids[DELAY-1] && lasts[DELAY-1];
      if (valids[DELAY-1]) fresh <= lasts[DELAY-1];
    end
  end

  for (genvar pe = 0; pe < PE; pe++) begin : g_row
    hwf_row_sum #(
      .WIDTH     (OBITS),
      .COUNT_BITS(SUM_BITS),
      .SIGNED    (1),
      .ROWS      (1),
      .STARTS    ('0)
    ) row_sum (
      .ap_clk,
      .enable(arrives),
      .fresh (SF == 1 || fresh),
      .row   (1'b0),
      .count (sums[SIMD-1][pe]),
      .sum   (out0_V_TDATA[pe*OBITS+:OBITS])
    );
  end
endmodule
