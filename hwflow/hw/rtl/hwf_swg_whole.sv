// SPDX-License-Identifier: Apache-2.0
// Sliding window with padding, a whole window a beat: the fastest form, for maps of few channels.
//
// Columns are gathered in a memory (hwf_column_window), and KW of them side by side in registers (hwf_row_window).
//
// Order of a window's elements: kernel row, kernel column, channel (lowest bits).
// Steady cycles a frame: W for each row of the map and of the padding below that is read. With STRIDE = 1 rows of windows
// follow at once, and each waits for the padding on the right of the one before.
// Latency 2 cycles from the last word of the first window. in0_V_TREADY depends combinationally on out0_V_TREADY.
module hwf_swg_whole #(
  parameter int              BITS = 8,        // bits an element
  parameter int              C = 1,           // channels, all of them in a word
  parameter int              H = 5,           // rows and columns of the map, two columns at least
  parameter int              W = 5,
  parameter int              KH = 3,          // rows and columns of a window, two rows at least
  parameter int              KW = 3,
  parameter int              STRIDE = 1,      // in both directions
  parameter int              PAD_T = 0,       // rows and columns added on each side; fewer than the window has
  parameter int              PAD_L = 0,
  parameter int              PAD_B = 0,
  parameter int              PAD_R = 0,
  parameter logic [BITS-1:0] PAD_CODE = '0,   // each element outside the map
  parameter string           STYLE = "auto"   // memory, as in hwf_column_window
) (
  input  logic                    ap_clk,
  input  logic                    ap_rst_n,
  input  logic [C*BITS-1:0]       in0_V_TDATA,
  input  logic                    in0_V_TVALID,
  output logic                    in0_V_TREADY,
  output logic [KH*KW*C*BITS-1:0] out0_V_TDATA,
  output logic                    out0_V_TVALID,
  input  logic                    out0_V_TREADY
);
  localparam int WIDTH = C * BITS;

  logic [KH*WIDTH-1:0]             column;
  logic                            column_valid, column_ready;
  logic [KW-1:0][KH-1:0][WIDTH-1:0] by_column;

  hwf_column_window #(
    .WIDTH   (WIDTH),
    .H       (H),
    .W       (W),
    .KH      (KH),
    .STRIDE  (STRIDE),
    .PAD_T   (PAD_T),
    .PAD_B   (PAD_B),
    .PAD_WORD({C{PAD_CODE}}),
    .STYLE   (STYLE)
  ) columns (
    .ap_clk,
    .ap_rst_n,
    .in0_V_TDATA,
    .in0_V_TVALID,
    .in0_V_TREADY,
    .out0_V_TDATA (column),
    .out0_V_TVALID(column_valid),
    .out0_V_TREADY(column_ready)
  );

  hwf_row_window #(
    .WIDTH   (KH * WIDTH),
    .W       (W),
    .KW      (KW),
    .STRIDE  (STRIDE),
    .PAD_L   (PAD_L),
    .PAD_R   (PAD_R),
    .PAD_WORD({KH * C{PAD_CODE}})
  ) rows (
    .ap_clk,
    .ap_rst_n,
    .in0_V_TDATA (column),
    .in0_V_TVALID(column_valid),
    .in0_V_TREADY(column_ready),
    .out0_V_TDATA(by_column),
    .out0_V_TVALID,
    .out0_V_TREADY
  );

  for (genvar ky = 0; ky < KH; ky++) begin : g_row
    for (genvar kx = 0; kx < KW; kx++) begin : g_word
      assign out0_V_TDATA[(ky*KW+kx)*WIDTH+:WIDTH] = by_column[kx][ky];
    end
  end
endmodule
