// SPDX-License-Identifier: Apache-2.0
// Sum of each channel over PIXELS pixels: C / PE beats out for PIXELS * C / PE beats in.
//
// Sums are kept in OBITS bits and wrap: the caller chooses OBITS so that no sum needs more. The sums leave as the last
// pixel arrives and the next frame follows at once, so a frame takes PIXELS * C / PE cycles, without a bubble.
//
// Latency 2 cycles from a channel's last beat.
// in0_V_TREADY depends combinationally on out0_V_TREADY.
module hwf_accumulate #(
  parameter int C = 1,             // channels
  parameter int PE = 1,            // channels a beat; must divide C
  parameter int IBITS = 1,         // bits of an element
  parameter bit ISIGNED = 0,       // elements are two's complement
  parameter int OBITS = 8,         // bits of a sum
  parameter int PIXELS = 1,        // pixels a frame
  parameter string STYLE = "auto"  // of the memory of partial sums: "auto", "lut" or "block"
) (
  input  logic                ap_clk,
  input  logic                ap_rst_n,
  input  logic [PE*IBITS-1:0] in0_V_TDATA,
  input  logic                in0_V_TVALID,
  output logic                in0_V_TREADY,
  output logic [PE*OBITS-1:0] out0_V_TDATA,
  output logic                out0_V_TVALID,
  input  logic                out0_V_TREADY
);
  if (PE < 1) begin : g_check_pe
    $error("%m: PE=%0d must be at least 1", PE);
  end else if (C < 1 || C % PE != 0) begin : g_check_pe
    $error("%m: PE=%0d must divide C=%0d", PE, C);
  end
  if (IBITS < 1 || OBITS < IBITS) begin : g_check_obits
    $error("%m: OBITS=%0d must be at least IBITS=%0d, and that at least 1", OBITS, IBITS);
  end
  if (PIXELS < 1) begin : g_check_pixels
    $error("%m: PIXELS=%0d must be at least 1", PIXELS);
  end
  if (STYLE != "auto" && STYLE != "lut" && STYLE != "block") begin : g_check_style
    $error("%m: STYLE=%s must be auto, lut or block", STYLE);
  end

  localparam int FOLDS = C / PE;
  localparam int FOLD_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;
  localparam int PIXEL_BITS = PIXELS > 1 ? $clog2(PIXELS) : 1;
  localparam int WIDTH = PE * OBITS;
  localparam bit BLOCK = STYLE == "block" || (STYLE == "auto" && FOLDS > 128 && FOLDS * WIDTH > 4096);

  // Where in the frame the beat at the input stands.
  logic [FOLD_BITS-1:0]  fold;
  logic [PIXEL_BITS-1:0] pixel;
  logic                  first_pixel, last_pixel, last_fold;
  assign last_fold = fold == FOLD_BITS'(FOLDS - 1);

  // Stage 1 holds a beat and its partial sum, stage 2 is the output.
  logic [PE*IBITS-1:0] beat;
  logic [WIDTH-1:0]    partial, sum;
  logic                held, held_last;
  logic                move;  // stage 1 can let go of its beat

  assign move         = !held || !held_last || !out0_V_TVALID || out0_V_TREADY;
  assign in0_V_TREADY = move;

  for (genvar i = 0; i < PE; i++) begin : g_element
    logic [OBITS-1:0] extended;
    if (ISIGNED) begin : g_signed
      assign extended = OBITS'($signed(beat[i*IBITS+:IBITS]));
    end else begin : g_unsigned
      assign extended = OBITS'(beat[i*IBITS+:IBITS]);
    end
    assign sum[i*OBITS+:OBITS] = partial[i*OBITS+:OBITS] + extended;
  end

  assign last_pixel = pixel == PIXEL_BITS'(PIXELS - 1);

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      fold          <= '0;
      pixel         <= '0;
      first_pixel   <= 1'b1;
      held          <= 1'b0;
      out0_V_TVALID <= 1'b0;
    end else begin
      if (in0_V_TVALID && move) begin
        fold <= last_fold ? '0 : fold + 1'b1;
        if (last_fold) begin
          pixel       <= last_pixel ? '0 : pixel + 1'b1;
          first_pixel <= last_pixel;
        end
      end
      if (move) held <= in0_V_TVALID;
      if (!out0_V_TVALID || out0_V_TREADY) out0_V_TVALID <= held && held_last;
    end
    if (move) begin
      beat         <= in0_V_TDATA;
      held_last    <= last_pixel;
    end
    if (!out0_V_TVALID || out0_V_TREADY) out0_V_TDATA <= sum;
  end

  if (FOLDS == 1) begin : g_register
    always_ff @(posedge ap_clk) begin
      if (move && in0_V_TVALID && first_pixel) partial <= '0;
      else if (move && held) partial <= sum;
    end
  end else begin : g_memory
    // A fold is read one cycle before its sum is written back, so two folds or more keep the two apart.
    logic [FOLD_BITS-1:0] held_fold;
    always_ff @(posedge ap_clk) if (move) held_fold <= fold;

    if (BLOCK) begin : g_block
      (* ram_style = "block" *) logic [WIDTH-1:0] memory[FOLDS];
      always_ff @(posedge ap_clk) begin
        if (move && held) memory[held_fold] <= sum;
        if (move) begin
          if (first_pixel) partial <= '0;
          else partial <= memory[fold];
        end
      end
    end else begin : g_lut
      (* ram_style = "distributed" *) logic [WIDTH-1:0] memory[FOLDS];
      always_ff @(posedge ap_clk) begin
        if (move && held) memory[held_fold] <= sum;
        if (move) begin
          if (first_pixel) partial <= '0;
          else partial <= memory[fold];
        end
      end
    end
  end
endmodule
