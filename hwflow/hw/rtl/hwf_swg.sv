// SPDX-License-Identifier: Apache-2.0
// Sliding window with padding: a map in, for each output pixel the window around it out.
//
// The map's words (SIMD elements each, C / SIMD a pixel) go into a circular memory in the order in which they come, frame
// after frame without a seam. A window is read as soon as its first word is there, word by word, and everything before the
// window is free to be overwritten. Positions outside the map are counted like others but never stored: the reader puts
// PAD_CODE in their place. Rows and columns that no window covers are taken in and passed over.
//
// Order of a window's words: kernel row, kernel column, channel fold (fastest); with DEPTHWISE channel fold, kernel row,
// kernel column (fastest). The output has (H + PAD_T + PAD_B - KH) / STRIDE + 1 rows, rounded down, and columns likewise by STRIDE_X.
//
// Steady cycles a frame: max(words in, words out). The memory is large enough for the writer to work ahead while windows
// are read, within a frame and into the next one.
// Latency 2 cycles from the first word that the first window needs (KH = KW = 1: 1 cycle).
// in0_V_TREADY depends on registers only (KH = KW = 1: combinationally on out0_V_TREADY).
module hwf_swg #(
  parameter int              BITS = 1,        // bits an element
  parameter int              C = 1,           // channels
  parameter int              SIMD = 1,        // elements a word; must divide C
  parameter int              H = 3,           // rows and columns of the map
  parameter int              W = 3,
  parameter int              KH = 3,          // rows and columns of a window
  parameter int              KW = 3,
  parameter int              STRIDE = 1,      // in rows
  parameter int              STRIDE_X = STRIDE,  // in columns
  parameter int              PAD_T = 0,       // rows and columns added on each side; fewer than the window has
  parameter int              PAD_L = 0,
  parameter int              PAD_B = 0,
  parameter int              PAD_R = 0,
  parameter logic [BITS-1:0] PAD_CODE = '0,   // each element outside the map
  parameter bit              DEPTHWISE = 0,
  parameter string           STYLE = "auto",  // memory: "lut", "block", or "auto": block where it saves LUTS_A_BLOCK
  parameter int              LUTS_A_BLOCK = 100  // LUTs that are worth an RAMB18
) (
  input  logic                 ap_clk,
  input  logic                 ap_rst_n,
  input  logic [SIMD*BITS-1:0] in0_V_TDATA,
  input  logic                 in0_V_TVALID,
  output logic                 in0_V_TREADY,
  output logic [SIMD*BITS-1:0] out0_V_TDATA,
  output logic                 out0_V_TVALID,
  input  logic                 out0_V_TREADY
);
  if (BITS < 1) begin : g_check_bits
    $error("%m: BITS=%0d must be at least 1", BITS);
  end
  if (SIMD < 1 || C < 1 || C % SIMD != 0) begin : g_check_simd
    $error("%m: SIMD=%0d must divide C=%0d", SIMD, C);
  end
  if (STRIDE < 1 || STRIDE_X < 1) begin : g_check_stride
    $error("%m: STRIDE=%0d and STRIDE_X=%0d must be at least 1", STRIDE, STRIDE_X);
  end
  if (KH < 1 || PAD_T < 0 || PAD_B < 0 || PAD_T >= KH || PAD_B >= KH) begin : g_check_rows
    $error("%m: PAD_T=%0d and PAD_B=%0d must be from 0 to KH - 1, KH=%0d", PAD_T, PAD_B, KH);
  end
  if (KW < 1 || PAD_L < 0 || PAD_R < 0 || PAD_L >= KW || PAD_R >= KW) begin : g_check_columns
    $error("%m: PAD_L=%0d and PAD_R=%0d must be from 0 to KW - 1, KW=%0d", PAD_L, PAD_R, KW);
  end
  if (H < 1 || H + PAD_T + PAD_B < KH) begin : g_check_h
    $error("%m: H=%0d with PAD_T=%0d and PAD_B=%0d holds no window of KH=%0d rows", H, PAD_T, PAD_B, KH);
  end
  if (W < 1 || W + PAD_L + PAD_R < KW) begin : g_check_w
    $error("%m: W=%0d with PAD_L=%0d and PAD_R=%0d holds no window of KW=%0d columns", W, PAD_L, PAD_R, KW);
  end
  if (STYLE != "auto" && STYLE != "lut" && STYLE != "block") begin : g_check_style
    $error("%m: STYLE=%s must be auto, lut or block", STYLE);
  end

  localparam int WIDTH = SIMD * BITS;
  localparam int FOLDS = C / SIMD;
  localparam int OH = (H + PAD_T + PAD_B - KH) / STRIDE + 1;
  localparam int OW = (W + PAD_L + PAD_R - KW) / STRIDE_X + 1;
  localparam int FOLD_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;

  if (KH == 1 && KW == 1) begin : g_filter
    // Nothing to remember: every STRIDE_X-th pixel of every STRIDE-th row passes.
    localparam int X_BITS = W > 1 ? $clog2(W) : 1;
    localparam int Y_BITS = H > 1 ? $clog2(H) : 1;
    localparam int X_PHASE_BITS = STRIDE_X > 1 ? $clog2(STRIDE_X) : 1;
    localparam int Y_PHASE_BITS = STRIDE > 1 ? $clog2(STRIDE) : 1;

    logic [FOLD_BITS-1:0]    fold;
    logic [X_BITS-1:0]       x;
    logic [Y_BITS-1:0]       y;
    logic [X_PHASE_BITS-1:0] x_phase;
    logic [Y_PHASE_BITS-1:0] y_phase;
    logic                    wanted, accept, last_fold, last_x, last_y;

    assign wanted       = x_phase == '0 && y_phase == '0;
    assign in0_V_TREADY = !wanted || !out0_V_TVALID || out0_V_TREADY;
    assign accept       = in0_V_TVALID && in0_V_TREADY;
    assign last_fold    = fold == FOLD_BITS'(FOLDS - 1);
    assign last_x       = x == X_BITS'(W - 1);
    assign last_y       = y == Y_BITS'(H - 1);

    always_ff @(posedge ap_clk) begin
      if (!ap_rst_n) begin
        out0_V_TVALID <= 1'b0;
        fold    <= '0;
        x       <= '0;
        y       <= '0;
        x_phase <= '0;
        y_phase <= '0;
      end else begin
        if (!out0_V_TVALID || out0_V_TREADY) out0_V_TVALID <= in0_V_TVALID && wanted;
        if (accept) fold <= last_fold ? '0 : fold + 1'b1;
        if (accept && last_fold) begin
          x       <= last_x ? '0 : x + 1'b1;
          x_phase <= last_x || x_phase == X_PHASE_BITS'(STRIDE_X - 1) ? '0 : x_phase + 1'b1;
        end
        if (accept && last_fold && last_x) begin
          y       <= last_y ? '0 : y + 1'b1;
          y_phase <= last_y || y_phase == Y_PHASE_BITS'(STRIDE - 1) ? '0 : y_phase + 1'b1;
        end
      end
      if (!out0_V_TVALID || out0_V_TREADY) out0_V_TDATA <= in0_V_TDATA;
    end
  end else begin : g_window
    // Positions are words of the endless stream of frames. A window's origin, its top left corner, may lie outside the
    // map: its position then is a word of the row or the frame before, and all distances still hold.
    localparam int SPAN = ((KH - 1) * W + KW) * FOLDS;  // from a window's origin to its last word, inclusive
    localparam int LEAD = (PAD_T * W + PAD_L) * FOLDS;  // from a frame's first window's origin to the frame's first word
    // From a window's origin to the next one's, in the same output row, the next, the next frame.
    localparam int STEP_X = STRIDE_X * FOLDS;
    localparam int STEP_Y = (STRIDE * W - (OW - 1) * STRIDE_X) * FOLDS;
    localparam int STEP_FRAME = ((H - (OH - 1) * STRIDE) * W - (OW - 1) * STRIDE_X) * FOLDS;
    localparam int MAX_XY = STEP_X > STEP_Y ? STEP_X : STEP_Y;
    localparam int MAX_STEP = MAX_XY > STEP_FRAME ? MAX_XY : STEP_FRAME;
    localparam int MIN_XY = STEP_X < STEP_Y ? STEP_X : STEP_Y;
    localparam int MIN_STEP = MIN_XY < STEP_FRAME ? MIN_XY : STEP_FRAME;

    // A window's words and, so that nobody waits when the origin jumps, those of the longest jump.
    localparam int NEEDED = SPAN + MAX_STEP;
    localparam int ADDRESS_BITS = $clog2(NEEDED);
    localparam int WORDS = 1 << ADDRESS_BITS;

    // Positions are kept modulo twice the memory: enough to tell a word that is in from one that is still to come, because
    // the reader never looks further ahead than NEEDED.
    localparam int POSITION_BITS = ADDRESS_BITS + 1;

    // Writer.
    logic [POSITION_BITS-1:0] written;  // position of the next word in
    logic                     accept;

    // Reader: the position of the next word out, and the loops over the window and the map.
    localparam int KX_BITS = KW > 1 ? $clog2(KW) : 1;
    localparam int KY_BITS = KH > 1 ? $clog2(KH) : 1;
    localparam int LAST_X = (OW - 1) * STRIDE_X + KW - 1;  // in the padded map
    localparam int LAST_Y = (OH - 1) * STRIDE + KH - 1;
    localparam int X_BITS = LAST_X > 0 ? $clog2(LAST_X + 1) : 1;
    localparam int Y_BITS = LAST_Y > 0 ? $clog2(LAST_Y + 1) : 1;

    logic [POSITION_BITS-1:0] position;
    logic [FOLD_BITS-1:0]     fold;
    logic [KX_BITS-1:0]       kx;
    logic [KY_BITS-1:0]       ky;
    logic [X_BITS-1:0]        x;  // in the padded map
    logic [Y_BITS-1:0]        y;
    logic                     in_columns, in_rows, in_map, there, begun, offered, advance;

    if (PAD_L == 0 && LAST_X < W) begin : g_columns_always
      assign in_columns = 1'b1;
    end else if (PAD_L == 0) begin : g_columns_right
      assign in_columns = x < X_BITS'(W);
    end else if (LAST_X < PAD_L + W) begin : g_columns_left
      assign in_columns = x >= X_BITS'(PAD_L);
    end else begin : g_columns_both
      assign in_columns = x >= X_BITS'(PAD_L) && x < X_BITS'(PAD_L + W);
    end
    if (PAD_T == 0 && LAST_Y < H) begin : g_rows_always
      assign in_rows = 1'b1;
    end else if (PAD_T == 0) begin : g_rows_bottom
      assign in_rows = y < Y_BITS'(H);
    end else if (LAST_Y < PAD_T + H) begin : g_rows_top
      assign in_rows = y >= Y_BITS'(PAD_T);
    end else begin : g_rows_both
      assign in_rows = y >= Y_BITS'(PAD_T) && y < Y_BITS'(PAD_T + H);
    end
    assign in_map = in_columns && in_rows;

    // There if position < written, that is if written - position - 1 is not negative.
    logic [POSITION_BITS-1:0] ahead;
    assign ahead   = written + ~position;
    assign there   = !ahead[POSITION_BITS-1];
    assign offered = in_map ? there : begun;
    assign advance = offered && (!out0_V_TVALID || out0_V_TREADY);

    // Words that may still be written before the window's origin is reached from behind, less one.
    localparam int CREDIT_BITS = $clog2(WORDS + (MAX_STEP > -MIN_STEP ? MAX_STEP : -MIN_STEP) + 1) + 1;
    logic signed [CREDIT_BITS-1:0] credit, released;

    // The ends of the loops.
    logic last_fold, last_kx, last_ky, step_x, row_done, kernel_done, window_done, line_done, frame_done;
    assign last_fold   = fold == FOLD_BITS'(FOLDS - 1);
    assign last_kx     = kx == KX_BITS'(KW - 1);
    assign last_ky     = ky == KY_BITS'(KH - 1);
    assign step_x      = DEPTHWISE || last_fold;
    assign row_done    = step_x && last_kx;
    assign kernel_done = row_done && last_ky;
    assign window_done = kernel_done && last_fold;
    assign line_done   = window_done && x == X_BITS'(LAST_X);
    assign frame_done  = line_done && y == Y_BITS'(LAST_Y);

    localparam int TO_ORIGIN = 1 - SPAN;  // from behind a window's last word
    localparam int TO_NEXT = DEPTHWISE ? FOLDS : 1;
    localparam int TO_ROW = (W - KW) * FOLDS + TO_NEXT;
    localparam int TO_FOLD = TO_ORIGIN + FOLDS;  // DEPTHWISE: from the last position of a fold to the first of the next

    logic [POSITION_BITS-1:0] step;
    always_comb begin
      if (frame_done) step = POSITION_BITS'(TO_ORIGIN + STEP_FRAME);
      else if (line_done) step = POSITION_BITS'(TO_ORIGIN + STEP_Y);
      else if (window_done) step = POSITION_BITS'(TO_ORIGIN + STEP_X);
      else if (kernel_done) step = POSITION_BITS'(TO_FOLD);
      else if (row_done) step = POSITION_BITS'(TO_ROW);
      else step = POSITION_BITS'(TO_NEXT);
    end

    always_ff @(posedge ap_clk) begin
      if (!ap_rst_n) begin
        position <= POSITION_BITS'(-LEAD);
        fold     <= '0;
        kx       <= '0;
        ky       <= '0;
        x        <= '0;
        y        <= '0;
      end else if (advance) begin
        position <= position + step;
        if (DEPTHWISE ? kernel_done : 1'b1) fold <= last_fold ? '0 : fold + 1'b1;
        if (step_x) begin
          kx <= last_kx ? '0 : kx + 1'b1;
          if (line_done) x <= '0;
          else if (window_done) x <= x + X_BITS'(STRIDE_X - (KW - 1));
          else if (last_kx) x <= x - X_BITS'(KW - 1);
          else x <= x + 1'b1;
        end
        if (row_done) begin
          ky <= last_ky ? '0 : ky + 1'b1;
          if (frame_done) y <= '0;
          else if (line_done) y <= y + Y_BITS'(STRIDE - (KH - 1));
          else if (last_ky) y <= y - Y_BITS'(KH - 1);
          else y <= y + 1'b1;
        end
      end
    end

    // Nothing of a frame leaves, padding neither, before its first word is in.
    if (LEAD == 0) begin : g_begins_with_a_word
      assign begun = 1'b1;
    end else begin : g_begins_with_padding
      logic fresh;  // at the first position of a frame
      always_ff @(posedge ap_clk) begin
        if (!ap_rst_n) fresh <= 1'b1;
        else if (advance) fresh <= frame_done;
      end
      assign begun = !fresh || credit < CREDIT_BITS'(WORDS - 1 - LEAD);
    end

    assign in0_V_TREADY = !credit[CREDIT_BITS-1];
    assign accept       = in0_V_TVALID && in0_V_TREADY;

    always_comb begin
      if (!(advance && window_done)) released = '0;
      else if (frame_done) released = CREDIT_BITS'(STEP_FRAME);
      else if (line_done) released = CREDIT_BITS'(STEP_Y);
      else released = CREDIT_BITS'(STEP_X);
    end

    always_ff @(posedge ap_clk) begin
      if (!ap_rst_n) begin
        written <= '0;
        credit  <= CREDIT_BITS'(WORDS - 1 - LEAD);
      end else begin
        if (accept) written <= written + 1'b1;
        credit <= credit + released - CREDIT_BITS'(accept);
      end
    end

    always_ff @(posedge ap_clk) begin
      if (!ap_rst_n) out0_V_TVALID <= 1'b0;
      else if (!out0_V_TVALID || out0_V_TREADY) out0_V_TVALID <= offered;
    end

    // What the memory costs, in LUTs as RAM32M or RAM64M and multiplexers, or in half block RAMs (RAMB18).
    localparam int LUTS = (WORDS <= 32 ? 4 * ((WIDTH + 5) / 6) : (WORDS + 63) / 64 * 4 * ((WIDTH + 2) / 3))
        + (WORDS + 63) / 128 * WIDTH;
    localparam int BLOCK_WIDTH = ADDRESS_BITS <= 9 ? 36 : ADDRESS_BITS == 10 ? 18 : ADDRESS_BITS == 11 ? 9
        : ADDRESS_BITS == 12 ? 4 : ADDRESS_BITS == 13 ? 2 : 1;
    localparam int BLOCKS =
        (WIDTH + BLOCK_WIDTH - 1) / BLOCK_WIDTH * (ADDRESS_BITS <= 14 ? 1 : 1 << (ADDRESS_BITS - 14));

    // The output register is the memory's own; outside the map it is reset to PAD_CODE, which costs no LUT either.
    if (STYLE == "block" || (STYLE == "auto" && LUTS > LUTS_A_BLOCK * BLOCKS)) begin : g_block
      (* ram_style = "block" *) logic [WIDTH-1:0] memory[WORDS];
      always_ff @(posedge ap_clk) begin
        if (accept) memory[written[ADDRESS_BITS-1:0]] <= in0_V_TDATA;
        if (advance) begin
          if (!in_map) out0_V_TDATA <= {SIMD{PAD_CODE}};
          else out0_V_TDATA <= memory[position[ADDRESS_BITS-1:0]];
        end
      end
    end else begin : g_lut
      (* ram_style = "distributed" *) logic [WIDTH-1:0] memory[WORDS];
      always_ff @(posedge ap_clk) begin
        if (accept) memory[written[ADDRESS_BITS-1:0]] <= in0_V_TDATA;
        if (advance) begin
          if (!in_map) out0_V_TDATA <= {SIMD{PAD_CODE}};
          else out0_V_TDATA <= memory[position[ADDRESS_BITS-1:0]];
        end
      end
    end
  end
endmodule
