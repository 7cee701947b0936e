// SPDX-License-Identifier: Apache-2.0
// Windows along the columns of a map: H rows of W words in, for each row of windows W beats of KH words out, one below
// the other, the topmost lowest.
//
// A memory keeps the last KH - 1 words of each column as one, so that every word in is read, joined and written once. Positions outside
// the map hold PAD_WORD; rows that no window covers are taken in and passed over. A frame gives
// (H + PAD_T + PAD_B - KH) / STRIDE + 1 rows of windows, rounded down.
//
// Cycles a frame without stalls: W for each row, those of padding below the map that its last windows need included.
// Latency 1 cycle from a window's last word. in0_V_TREADY depends combinationally on out0_V_TREADY.
module hwf_column_window #(
  parameter int               WIDTH = 8,     // bits a word: a pixel with all its channels
  parameter int               H = 5,         // rows of the map
  parameter int               W = 5,         // columns, at least 2
  parameter int               KH = 3,        // words a window, at least 2
  parameter int               STRIDE = 1,
  parameter int               PAD_T = 0,     // rows added above and below; fewer than the window has
  parameter int               PAD_B = 0,
  parameter logic [WIDTH-1:0] PAD_WORD = '0,
  parameter string            STYLE = "auto"  // memory: "lut", "block", or "auto": block for more than 64 columns
) (
  input  logic                ap_clk,
  input  logic                ap_rst_n,
  input  logic [WIDTH-1:0]    in0_V_TDATA,
  input  logic                in0_V_TVALID,
  output logic                in0_V_TREADY,
  output logic [KH*WIDTH-1:0] out0_V_TDATA,
  output logic                out0_V_TVALID,
  input  logic                out0_V_TREADY
);
  if (WIDTH < 1 || STRIDE < 1) begin : g_check_width
    $error("%m: WIDTH=%0d and STRIDE=%0d must be at least 1", WIDTH, STRIDE);
  end
  if (KH < 2 || PAD_T < 0 || PAD_B < 0 || PAD_T >= KH || PAD_B >= KH) begin : g_check_rows
    $error("%m: PAD_T=%0d and PAD_B=%0d must be from 0 to KH - 1, and KH=%0d at least 2", PAD_T, PAD_B, KH);
  end
  if (H < 1 || H + PAD_T + PAD_B < KH) begin : g_check_h
    $error("%m: H=%0d with PAD_T=%0d and PAD_B=%0d holds no window of KH=%0d rows", H, PAD_T, PAD_B, KH);
  end
  if (W < 2) begin : g_check_w
    $error("%m: W=%0d must be at least 2: a column's words are written a cycle after they are read", W);
  end
  if (STYLE != "auto" && STYLE != "lut" && STYLE != "block") begin : g_check_style
    $error("%m: STYLE=%s must be auto, lut or block", STYLE);
  end

  localparam int WINDOWS = (H + PAD_T + PAD_B - KH) / STRIDE + 1;
  localparam int FIRST = KH - 1 - PAD_T;                  // the row that completes the first windows
  localparam int LAST = FIRST + (WINDOWS - 1) * STRIDE;
  localparam int ROWS = LAST + 1 > H ? LAST + 1 : H;      // of the map, then of padding
  localparam int X_BITS = $clog2(W);
  localparam int Y_BITS = ROWS > 1 ? $clog2(ROWS) : 1;
  localparam int WAIT_MAX = FIRST > STRIDE - 1 ? FIRST : STRIDE - 1;
  localparam int WAIT_BITS = WAIT_MAX > 0 ? $clog2(WAIT_MAX + 1) : 1;
  localparam int KEPT = (KH - 1) * WIDTH;
  localparam bit BLOCK = STYLE == "block" || (STYLE == "auto" && W > 64);

  // Where the word at the input belongs.
  logic [X_BITS-1:0]    x;
  logic [Y_BITS-1:0]    y;
  logic [WAIT_BITS-1:0] until_next;  // rows before one that completes windows
  logic                 in_map, advance, last_x, last_y, complete;

  // The word that came last, and those above it.
  logic [WIDTH-1:0]  word;
  logic [KEPT-1:0]   above;
  logic [X_BITS-1:0] column;
  logic              held, held_complete, move;

  if (ROWS == H) begin : g_map_only
    assign in_map = 1'b1;
  end else begin : g_map_and_padding
    assign in_map = y < Y_BITS'(H);
  end
  assign complete      = until_next == '0;
  assign last_x        = x == X_BITS'(W - 1);
  assign last_y        = y == Y_BITS'(ROWS - 1);
  assign out0_V_TVALID = held && held_complete;
  assign out0_V_TDATA  = {word, above};
  assign move          = !out0_V_TVALID || out0_V_TREADY;
  assign in0_V_TREADY  = in_map && move;
  assign advance       = (in0_V_TVALID || !in_map) && move;

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      x          <= '0;
      y          <= '0;
      until_next <= WAIT_BITS'(FIRST);
      held       <= 1'b0;
    end else begin
      if (move) held <= advance;
      if (advance) begin
        x <= last_x ? '0 : x + 1'b1;
        if (last_x) begin
          y <= last_y ? '0 : y + 1'b1;
          if (last_y) until_next <= WAIT_BITS'(FIRST);
          else until_next <= complete ? WAIT_BITS'(STRIDE - 1) : until_next - 1'b1;
        end
      end
    end
    if (advance) begin
      word          <= in_map ? in0_V_TDATA : PAD_WORD;
      column        <= x;
      held_complete <= complete;
    end
  end

  // The memory's output register is reset where there is nothing above the map's first row.
  if (BLOCK) begin : g_block
    (* ram_style = "block" *) logic [KEPT-1:0] memory[W];
    always_ff @(posedge ap_clk) begin
      if (held && move) memory[column] <= out0_V_TDATA[KH*WIDTH-1:WIDTH];
      if (advance) begin
        if (y == '0) above <= {(KH - 1) {PAD_WORD}};
        else above <= memory[x];
      end
    end
  end else begin : g_lut
    (* ram_style = "distributed" *) logic [KEPT-1:0] memory[W];
    always_ff @(posedge ap_clk) begin
      if (held && move) memory[column] <= out0_V_TDATA[KH*WIDTH-1:WIDTH];
      if (advance) begin
        if (y == '0) above <= {(KH - 1) {PAD_WORD}};
        else above <= memory[x];
      end
    end
  end
endmodule
