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

  int              y, x, index;
  logic            in_map, available;
  logic [BITS-1:0] wanted;
  always_comb begin
    y         = int'(place.oy) * STRIDE + int'(place.ky) - PAD_T;
    x         = int'(place.ox) * STRIDE + int'(place.kx) - PAD_L;
    in_map    = y >= 0 && y < H && x >= 0 && x < W;
    index     = in_map ? (y * W + x) * FOLDS + int'(place.fold) : 0;
    wanted    = in_map ? {1'b0, frame_number + NUMBER_BITS'(index)} : PAD_CODE;
    available = int'(lead) > index;
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
    // words may have been overwritten: with much padding the origin steps back at the end of a line.
    int   origin, released, last_y, last_x, last_word, word_before;
    logic read_it;
    function automatic int last_on_map(int o, int k, int pad, int size);
      int last;
      last = o * STRIDE + k - 1 - pad;
      return last < size ? last : size - 1;
    endfunction
    always_comb begin
      origin    = (int'(reading.oy) * STRIDE - PAD_T) * W + int'(reading.ox) * STRIDE - PAD_L;
      released  = ((OH - 1) * STRIDE - PAD_T - H) * W + (OW - 1) * STRIDE - PAD_L;
      if (reading.oy != 0) released = ((int'(reading.oy) - 1) * STRIDE - PAD_T) * W + (OW - 1) * STRIDE - PAD_L;
      if (released < origin) released = origin;
      last_y    = last_on_map(int'(reading.oy), KH, PAD_T, H) - int'(reading.oy) * STRIDE + PAD_T;
      last_x    = last_on_map(int'(reading.ox), KW, PAD_L, W) - int'(reading.ox) * STRIDE + PAD_L;
      last_word = (origin + last_y * W + last_x + 1) * FOLDS - 1;
      read_it   = int'(reading.ky) > last_y || (int'(reading.ky) == last_y && int'(reading.kx) > last_x);
      if (DEPTHWISE && int'(reading.fold) < FOLDS - 1) read_it = 1'b0;
      if (reading.ox != 0) begin
        word_before = (last_on_map(int'(reading.oy), KH, PAD_T, H) * W
                       + last_on_map(int'(reading.ox) - 1, KW, PAD_L, W) + 1) * FOLDS - 1;
      end else if (reading.oy != 0) begin
        word_before = (last_on_map(int'(reading.oy) - 1, KH, PAD_T, H) * W
                       + last_on_map(OW - 1, KW, PAD_L, W) + 1) * FOLDS - 1;
      end else begin
        word_before = (last_on_map(OH - 1, KH, PAD_T, H) * W + last_on_map(OW - 1, KW, PAD_L, W) + 1) * FOLDS - 1 - FRAME;
      end
    end

    always_ff @(posedge ap_clk) begin
      if (!ap_rst_n) stored <= '0;
      else begin
        if (taken && int'(stored) < WORDS) stored <= stored + 1'b1;
        in_range: assert (
          int'(place.oy) < OH && int'(place.ox) < OW && int'(place.ky) < KH && int'(place.kx) < KW
          && int'(place.fold) < FOLDS && int'(stored) <= WORDS);
        in_step: assert (number == frame_number + NUMBER_BITS'(lead));
        from_the_start: assert (
          int'(stored) == WORDS || (number == stored && int'(words) <= int'(stored) && int'(lead) <= int'(stored)));
        has_read: assert (
          int'(words) > word_before && !(read_it && int'(words) <= last_word) && !(reading != '0 && int'(words) < 1));
        at_word: assert (dut.g_window.written == number);
        at_place: assert (
          int'(dut.g_window.kx) == int'(reading.kx) && int'(dut.g_window.ky) == int'(reading.ky)
          && int'(dut.g_window.fold) == int'(reading.fold)
          && int'(dut.g_window.x) == int'(reading.ox) * STRIDE + int'(reading.kx)
          && int'(dut.g_window.y) == int'(reading.oy) * STRIDE + int'(reading.ky));
        at_position: assert (
          dut.g_window.position == NUMBER_BITS'(
            int'(first) + (origin + int'(reading.ky) * W + int'(reading.kx)) * FOLDS + int'(reading.fold)));
        has_room: assert (
          int'(dut.g_window.credit) == WORDS - 1 - (int'(words) - origin * FOLDS)
          && int'(words) <= WORDS + released * FOLDS);
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
      logic [NUMBER_BITS-1:0] back;  // words that came in since this place of the memory was written
      assign back = NUMBER_BITS'(NUMBER_BITS'(number - 1'b1 - NUMBER_BITS'(a)) % WORDS);
      always_ff @(posedge ap_clk) begin
        if (ap_rst_n && back < stored) begin
          kept: assert (dut.g_window.g_lut.memory[a] == {1'b0, NUMBER_BITS'(number - 1'b1 - back)});
        end
      end
    end
  end

  // Two cycles pass from a word's arrival to the beat that lets the window go on.
  no_standstill #(.PATIENCE(2)) progress (.*, .offers(out_valid), .takes(in_ready || !in_valid));
endmodule
