// SPDX-License-Identifier: Apache-2.0
// Windows along the rows of a map: W words a row in, for each window of KW neighbours one beat out, the leftmost lowest.
//
// Rows know nothing of each other, so the number of rows is no parameter. Positions outside the row hold PAD_WORD; words that
// no window covers are taken in and passed over. A row gives (W + PAD_L + PAD_R - KW) / STRIDE + 1 beats, rounded down.
//
// Cycles a row without stalls: W, and one more for each position of padding that its last window needs on the right.
// Latency 1 cycle from a window's last word. in0_V_TREADY depends combinationally on out0_V_TREADY.
module hwf_row_window #(
  parameter int               WIDTH = 8,     // bits a word: a pixel with all its channels
  parameter int               W = 5,         // words a row
  parameter int               KW = 3,        // words a window
  parameter int               STRIDE = 1,
  parameter int               PAD_L = 0,     // words added on each side; fewer than the window has
  parameter int               PAD_R = 0,
  parameter logic [WIDTH-1:0] PAD_WORD = '0
) (
  input  logic                ap_clk,
  input  logic                ap_rst_n,
  input  logic [WIDTH-1:0]    in0_V_TDATA,
  input  logic                in0_V_TVALID,
  output logic                in0_V_TREADY,
  output logic [KW*WIDTH-1:0] out0_V_TDATA,
  output logic                out0_V_TVALID,
  input  logic                out0_V_TREADY
);
  if (WIDTH < 1 || STRIDE < 1) begin : g_check_width
    $error("%m: WIDTH=%0d and STRIDE=%0d must be at least 1", WIDTH, STRIDE);
  end
  if (KW < 1 || PAD_L < 0 || PAD_R < 0 || PAD_L >= KW || PAD_R >= KW) begin : g_check_columns
    $error("%m: PAD_L=%0d and PAD_R=%0d must be from 0 to KW - 1, KW=%0d", PAD_L, PAD_R, KW);
  end
  if (W < 1 || W + PAD_L + PAD_R < KW) begin : g_check_w
    $error("%m: W=%0d with PAD_L=%0d and PAD_R=%0d holds no window of KW=%0d words", W, PAD_L, PAD_R, KW);
  end

  localparam int WINDOWS = (W + PAD_L + PAD_R - KW) / STRIDE + 1;
  localparam int FIRST = KW - 1 - PAD_L;                     // the position that completes the first window
  localparam int LAST = FIRST + (WINDOWS - 1) * STRIDE;
  localparam int POSITIONS = LAST + 1 > W ? LAST + 1 : W;    // the row's words, then padding
  localparam int X_BITS = POSITIONS > 1 ? $clog2(POSITIONS) : 1;
  localparam int WAIT_MAX = FIRST > STRIDE - 1 ? FIRST : STRIDE - 1;
  localparam int WAIT_BITS = WAIT_MAX > 0 ? $clog2(WAIT_MAX + 1) : 1;

  logic [X_BITS-1:0]        x;
  logic [WAIT_BITS-1:0]     until_next;  // positions before the one that completes a window
  logic [KW-1:0][WIDTH-1:0] window;      // the newest word on top
  logic [WIDTH-1:0]         word;
  logic                     in_row, free, advance, complete, last_x;

  if (POSITIONS == W) begin : g_words_only
    assign in_row = 1'b1;
  end else begin : g_words_and_padding
    assign in_row = x < X_BITS'(W);
  end
  assign word         = in_row ? in0_V_TDATA : PAD_WORD;
  assign free         = !out0_V_TVALID || out0_V_TREADY;
  assign in0_V_TREADY = in_row && free;
  assign advance      = (in0_V_TVALID || !in_row) && free;
  assign complete     = until_next == '0;
  assign last_x       = x == X_BITS'(POSITIONS - 1);
  assign out0_V_TDATA = window;

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      x             <= '0;
      until_next    <= WAIT_BITS'(FIRST);
      out0_V_TVALID <= 1'b0;
    end else begin
      if (free) out0_V_TVALID <= advance && complete;
      if (advance) begin
        x <= last_x ? '0 : x + 1'b1;
        if (last_x) until_next <= WAIT_BITS'(FIRST);
        else until_next <= complete ? WAIT_BITS'(STRIDE - 1) : until_next - 1'b1;
      end
    end
  end

  if (KW == 1) begin : g_single
    always_ff @(posedge ap_clk) if (advance) window <= word;
  end else begin : g_shift
    // What a row begins with is a reset of the registers, which costs no LUT.
    always_ff @(posedge ap_clk) begin
      if (advance) begin
        window[KW-1] <= word;
        if (x == '0) window[KW-2:0] <= {(KW - 1) {PAD_WORD}};
        else window[KW-2:0] <= window[KW-1:1];
      end
    end
  end
endmodule
