// SPDX-License-Identifier: Apache-2.0
// Sliding window with padding, a whole kernel row a beat: hwf_swg for maps of few channels, whose pixels alone are beats
// too narrow for a fast convolution.
//
// Windows along the rows come first (hwf_row_window); hwf_swg then takes each as one pixel of KW * C channels in a map that
// is as wide as the output, and puts KH of them below each other. Its memory holds each pixel KW / STRIDE times.
//
// Order of a window's elements: kernel row (a beat each), kernel column, channel (lowest bits).
// Steady cycles a frame: the largest of H * (W + padding read on the right), H * output columns and output beats.
// Latency 3 cycles from the last word of the first window's first row. in0_V_TREADY depends on registers only.
module hwf_swg_row #(
  parameter int              BITS = 8,        // bits an element
  parameter int              C = 1,           // channels, all of them in a word
  parameter int              H = 5,           // rows and columns of the map
  parameter int              W = 5,
  parameter int              KH = 3,          // rows and columns of a window
  parameter int              KW = 3,
  parameter int              STRIDE = 1,      // in both directions
  parameter int              PAD_T = 0,       // rows and columns added on each side; fewer than the window has
  parameter int              PAD_L = 0,
  parameter int              PAD_B = 0,
  parameter int              PAD_R = 0,
  parameter logic [BITS-1:0] PAD_CODE = '0,   // each element outside the map
  parameter string           STYLE = "auto"   // memory, as in hwf_swg
) (
  input  logic                 ap_clk,
  input  logic                 ap_rst_n,
  input  logic [C*BITS-1:0]    in0_V_TDATA,
  input  logic                 in0_V_TVALID,
  output logic                 in0_V_TREADY,
  output logic [KW*C*BITS-1:0] out0_V_TDATA,
  output logic                 out0_V_TVALID,
  input  logic                 out0_V_TREADY
);
  localparam int COLUMNS = (W + PAD_L + PAD_R - KW) / STRIDE + 1;

  logic [KW*C*BITS-1:0] row;
  logic                 row_valid, row_ready;

  hwf_row_window #(
    .WIDTH   (C * BITS),
    .W       (W),
    .KW      (KW),
    .STRIDE  (STRIDE),
    .PAD_L   (PAD_L),
    .PAD_R   (PAD_R),
    .PAD_WORD({C{PAD_CODE}})
  ) rows (
    .ap_clk,
    .ap_rst_n,
    .in0_V_TDATA,
    .in0_V_TVALID,
    .in0_V_TREADY,
    .out0_V_TDATA (row),
    .out0_V_TVALID(row_valid),
    .out0_V_TREADY(row_ready)
  );

  hwf_swg #(
    .BITS    (BITS),
    .C       (KW * C),
    .SIMD    (KW * C),
    .H       (H),
    .W       (COLUMNS),
    .KH      (KH),
    .KW      (1),
    .STRIDE  (STRIDE),
    .STRIDE_X(1),
    .PAD_T   (PAD_T),
    .PAD_B   (PAD_B),
    .PAD_CODE(PAD_CODE),
    .STYLE   (STYLE)
  ) columns (
    .ap_clk,
    .ap_rst_n,
    .in0_V_TDATA (row),
    .in0_V_TVALID(row_valid),
    .in0_V_TREADY(row_ready),
    .out0_V_TDATA,
    .out0_V_TVALID,
    .out0_V_TREADY
  );
endmodule
