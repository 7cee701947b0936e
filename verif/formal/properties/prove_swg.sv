// SPDX-License-Identifier: Apache-2.0
// Beat for beat, frame after frame, the module sends the window's element at kernel row ky, kernel column kx and channel
// fold f of output pixel (oy, ox): the word that came in for pixel (oy*STRIDE + ky - PAD_T, ox*STRIDE + kx - PAD_L) and fold
// f of the same frame, or PAD_CODE outside the map. It sends nothing of a frame before its first word is in, and each beat
// at most two cycles after its word is in and the beat before it was taken.
//
// Every word carries its number in the endless stream, so a word that is lost, doubled, overtaken, stale or of another
// frame shows as another number: the module never looks at what it moves, so it moves all data alike. Numbers are counted
// modulo 2^NUMBER_BITS, at least twice the words that the module holds.
module prove_swg #(
  parameter int    FOLDS = 1,
  parameter int    H = 2,
  parameter int    W = 2,
  parameter int    KH = 2,
  parameter int    KW = 2,
  parameter int    STRIDE = 1,
  parameter int    PAD_T = 0,
  parameter int    PAD_L = 0,
  parameter int    PAD_B = 0,
  parameter int    PAD_R = 0,
  parameter bit    DEPTHWISE = 0,
  parameter string STYLE = "lut",
  parameter int    NUMBER_BITS = 4
) (
  input logic ap_clk,
  input logic offer,
  input logic out_ready
);
  localparam int BITS = NUMBER_BITS + 1;
  localparam logic [BITS-1:0] PAD_CODE = 1 << NUMBER_BITS;  // no word has it
  localparam int OH = (H + PAD_T + PAD_B - KH) / STRIDE + 1;
  localparam int OW = (W + PAD_L + PAD_R - KW) / STRIDE + 1;

  logic            ap_rst_n, in_valid, in_ready, out_valid, taken, sent;
  logic [BITS-1:0] out_data;
  assign taken = in_valid && in_ready;
  assign sent  = out_valid && out_ready;

  logic [NUMBER_BITS-1:0] number;  // of the word at the input
  logic                   unused;

  reset_once reset (.*);
  any_source #(.WIDTH(1)) source (.*, .beat(1'b0), .TDATA(unused), .TVALID(in_valid), .TREADY(in_ready));

  hwf_swg #(
    .BITS(BITS), .C(FOLDS), .SIMD(1), .H(H), .W(W), .KH(KH), .KW(KW), .STRIDE(STRIDE),
    .PAD_T(PAD_T), .PAD_L(PAD_L), .PAD_B(PAD_B), .PAD_R(PAD_R), .PAD_CODE(PAD_CODE), .DEPTHWISE(DEPTHWISE), .STYLE(STYLE)
  ) dut (
    .*,
    .in0_V_TDATA({1'b0, number}), .in0_V_TVALID(in_valid), .in0_V_TREADY(in_ready),
    .out0_V_TDATA(out_data), .out0_V_TVALID(out_valid), .out0_V_TREADY(out_ready)
  );

  stream_rules #(.WIDTH(BITS)) rules (.*, .TDATA(out_data), .TVALID(out_valid), .TREADY(out_ready));

  // Wide enough for all sums below, and no wider: the proof sees every bit.
  typedef logic signed [11:0] number_t;

  // Where in the order the next beat out stands, and the beat behind it.
  typedef struct packed {
    logic [7:0] oy, ox, ky, kx, fold;
  } place_t;
  place_t place, next_place;
  logic   end_frame;
  always_comb begin
    logic end_fold, end_kx, end_ky, end_window, end_line;
    end_fold   = place.fold == 8'(FOLDS - 1);
    end_kx     = place.kx == 8'(KW - 1);
    end_ky     = place.ky == 8'(KH - 1);
    end_window = end_fold && end_kx && end_ky;
    end_line   = end_window && place.ox == 8'(OW - 1);
    end_frame  = end_line && place.oy == 8'(OH - 1);
    next_place = place;
    if (DEPTHWISE ? end_kx && end_ky : 1'b1) next_place.fold = end_fold ? '0 : place.fold + 1'b1;
    if (DEPTHWISE || end_fold) next_place.kx = end_kx ? '0 : place.kx + 1'b1;
    if ((DEPTHWISE || end_fold) && end_kx) next_place.ky = end_ky ? '0 : place.ky + 1'b1;
    if (end_window) next_place.ox = end_line ? '0 : place.ox + 1'b1;
    if (end_line) next_place.oy = end_frame ? '0 : place.oy + 1'b1;
  end

  // Words of the frame that is being sent that are in; negative while words of the frame before it are still to come.
  localparam int FRAME = H * W * FOLDS;
  localparam int LEAD_BITS = $clog2(4 * FRAME + 64);
  logic signed [LEAD_BITS-1:0] lead;
  logic [NUMBER_BITS-1:0]      frame_number;  // number of the frame's first word

  number_t         y, x, index;
  logic            in_map, available;
  logic [BITS-1:0] wanted;
  always_comb begin
    y         = number_t'(place.oy) * STRIDE + number_t'(place.ky) - PAD_T;
    x         = number_t'(place.ox) * STRIDE + number_t'(place.kx) - PAD_L;
    in_map    = y >= 0 && y < H && x >= 0 && x < W;
    index     = in_map ? (y * W + x) * FOLDS + number_t'(place.fold) : 0;
    wanted    = in_map ? {1'b0, frame_number + NUMBER_BITS'(index)} : PAD_CODE;
    available = number_t'(lead) > index;
  end

  logic [1:0] waited;
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      number       <= '0;
      frame_number <= '0;
      lead         <= '0;
      place        <= '0;
      waited       <= '0;
    end else begin
      if (taken) number <= number + 1'b1;
      if (sent) begin
        place <= next_place;
        if (end_frame) frame_number <= frame_number + NUMBER_BITS'(FRAME);
      end
      lead   <= lead + LEAD_BITS'(taken) - (sent && end_frame ? LEAD_BITS'(FRAME) : '0);
      waited <= out_valid || !available ? '0 : waited + 1'b1;

      if (out_valid) begin
        right_word: assert (out_data == wanted);
        was_in: assert (available);
      end
      in_time: assert (waited <= 2'd2);
    end
  end

  // What ties the module's registers to the order, and the order's own registers to each other. These are properties like
  // the ones above; with all of them together every cycle follows from the one before, which makes the proof short.
  if (KH * KW > 1) begin : g_inner
    localparam int WORDS = 1 << (NUMBER_BITS - 1);

    // The reader is one beat ahead of a beat that is offered.
    place_t                      reading;
    logic [NUMBER_BITS-1:0]      first;
    logic signed [LEAD_BITS-1:0] words;
    logic [NUMBER_BITS-1:0]      stored;  // words that the memory holds
    assign reading = out_valid ? next_place : place;
    assign first   = frame_number + (out_valid && end_frame ? NUMBER_BITS'(FRAME) : '0);
    assign words   = lead - (out_valid && end_frame ? LEAD_BITS'(FRAME) : '0);

    // Of the window being read: its origin, the last place on the map, and whether that is read; of the window before it,
    // maybe of the frame before: the word that it had to wait for. `released` is the largest origin so far, up to which
    // words may have been overwritten: with much padding the origin steps back at the end of a line or a frame.
    number_t origin, released, line_before, last_y, last_x, last_word, word_before;
    logic read_it;
    function automatic number_t last_on_map(number_t o, int k, int pad, int size);
      number_t last;
      last = o * STRIDE + k - 1 - pad;
      return last < size ? last : size - 1;
    endfunction
    always_comb begin
      origin    = (number_t'(reading.oy) * STRIDE - PAD_T) * W + number_t'(reading.ox) * STRIDE - PAD_L;
      released  = ((OH - 1) * STRIDE - PAD_T - H) * W + (OW - 1) * STRIDE - PAD_L;
      line_before = ((number_t'(reading.oy) - 1) * STRIDE - PAD_T) * W + (OW - 1) * STRIDE - PAD_L;
      if (reading.oy != 0 && released < line_before) released = line_before;
      if (released < origin) released = origin;
      last_y    = last_on_map(number_t'(reading.oy), KH, PAD_T, H) - number_t'(reading.oy) * STRIDE + PAD_T;
      last_x    = last_on_map(number_t'(reading.ox), KW, PAD_L, W) - number_t'(reading.ox) * STRIDE + PAD_L;
      last_word = (origin + last_y * W + last_x + 1) * FOLDS - 1;
      read_it   = number_t'(reading.ky) > last_y || (number_t'(reading.ky) == last_y && number_t'(reading.kx) > last_x);
      if (DEPTHWISE && number_t'(reading.fold) < FOLDS - 1) read_it = 1'b0;
      if (reading.ox != 0) begin
        word_before = (last_on_map(number_t'(reading.oy), KH, PAD_T, H) * W
                       + last_on_map(number_t'(reading.ox) - 1, KW, PAD_L, W) + 1) * FOLDS - 1;
      end else if (reading.oy != 0) begin
        word_before = (last_on_map(number_t'(reading.oy) - 1, KH, PAD_T, H) * W
                       + last_on_map(OW - 1, KW, PAD_L, W) + 1) * FOLDS - 1;
      end else begin
        word_before = (last_on_map(OH - 1, KH, PAD_T, H) * W + last_on_map(OW - 1, KW, PAD_L, W) + 1) * FOLDS - 1 - FRAME;
      end
    end

    always_ff @(posedge ap_clk) begin
      if (!ap_rst_n) stored <= '0;
      else begin
        if (taken && number_t'(stored) < WORDS) stored <= stored + 1'b1;
        in_range: assert (
          number_t'(place.oy) < OH && number_t'(place.ox) < OW && number_t'(place.ky) < KH && number_t'(place.kx) < KW
          && number_t'(place.fold) < FOLDS && number_t'(stored) <= WORDS);
        in_step: assert (number == frame_number + NUMBER_BITS'(lead));
        from_the_start: assert (
          number_t'(stored) == WORDS
          || (number == stored && number_t'(words) <= number_t'(stored) && number_t'(lead) <= number_t'(stored)));
        has_read: assert (
          number_t'(words) > word_before && !(read_it && number_t'(words) <= last_word)
          && !(reading != '0 && number_t'(words) < 1));
        at_word: assert (dut.g_window.written == number);
        at_place: assert (
          number_t'(dut.g_window.kx) == number_t'(reading.kx) && number_t'(dut.g_window.ky) == number_t'(reading.ky)
          && number_t'(dut.g_window.fold) == number_t'(reading.fold)
          && number_t'(dut.g_window.x) == number_t'(reading.ox) * STRIDE + number_t'(reading.kx)
          && number_t'(dut.g_window.y) == number_t'(reading.oy) * STRIDE + number_t'(reading.ky));
        at_position: assert (
          dut.g_window.position == NUMBER_BITS'(
            number_t'(first) + (origin + number_t'(reading.ky) * W + number_t'(reading.kx)) * FOLDS + number_t'(reading.fold)));
        has_room: assert (
          number_t'(dut.g_window.credit) == WORDS - 1 - (number_t'(words) - origin * FOLDS)
          && number_t'(words) <= WORDS + released * FOLDS);
      end
    end

    if (PAD_T * W + PAD_L > 0) begin : g_fresh
      always_ff @(posedge ap_clk) begin
        if (ap_rst_n) begin
          fresh_at_start: assert (dut.g_window.g_begins_with_padding.fresh == (reading == '0));
        end
      end
    end

    for (genvar a = 0; a < WORDS; a++) begin : g_word
      logic [NUMBER_BITS-2:0] back;  // words that came in since this place of the memory was written
      assign back = (NUMBER_BITS-1)'(number - 1'b1 - NUMBER_BITS'(a));
      always_ff @(posedge ap_clk) begin
        if (ap_rst_n && {1'b0, back} < stored) begin
          kept: assert (dut.g_window.g_lut.memory[a] == {1'b0, NUMBER_BITS'(number - 1'b1 - NUMBER_BITS'(back))});
        end
      end
    end
  end

  // Two cycles pass from a word's arrival to the beat that lets the window go on.
  no_standstill #(.PATIENCE(2)) progress (.*, .offers(out_valid), .takes(in_ready || !in_valid));
endmodule
