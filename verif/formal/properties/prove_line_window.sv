// SPDX-License-Identifier: Apache-2.0
// Beat for beat, frame after frame, the module sends K words in a line, side by side (hwf_row_window) or one below the other
// (hwf_column_window): at place k the word that came in for position o*STRIDE + k - PAD_BEFORE of that line in the same frame, or
// PAD_WORD outside the map. It sends no window before the last of its words is in, and each soon after, unless
// it waits for words that come before the padding.
//
// Every word carries its number in the endless stream, so a word that is lost, doubled, overtaken, stale or of another
// frame shows as another number. Numbers are counted modulo 2^NUMBER_BITS, at least twice the words that the module holds.
module prove_line_window #(
  parameter bit    COLUMN = 0,
  parameter int    H = 1,           // 1 for hwf_row_window, whose frames are rows
  parameter int    W = 3,
  parameter int    K = 2,
  parameter int    STRIDE = 1,
  parameter int    PAD_BEFORE = 0,
  parameter int    PAD_AFTER = 0,
  parameter string STYLE = "lut",
  parameter int    NUMBER_BITS = 4
) (
  input logic ap_clk,
  input logic offer,
  input logic out_ready
);
  localparam int BITS = NUMBER_BITS + 1;
  localparam logic [BITS-1:0] PAD_WORD = 1 << NUMBER_BITS;  // no word has it
  localparam int SIZE = COLUMN ? H : W;                          // of the line that windows slide along
  localparam int WINDOWS = (SIZE + PAD_BEFORE + PAD_AFTER - K) / STRIDE + 1;
  localparam int OH = COLUMN ? WINDOWS : 1;
  localparam int OW = COLUMN ? W : WINDOWS;
  localparam int FRAME = H * W;

  logic                    ap_rst_n, in_valid, in_ready, out_valid, taken, sent, unused;
  logic [K-1:0][BITS-1:0]  out_data;
  logic [NUMBER_BITS-1:0]  number;        // of the word at the input
  logic [NUMBER_BITS-1:0]  frame_number;  // of the first word of the frame that is being sent
  assign taken = in_valid && in_ready;
  assign sent  = out_valid && out_ready;

  reset_once reset (.*);
  any_source #(.WIDTH(1)) source (.*, .beat(1'b0), .TDATA(unused), .TVALID(in_valid), .TREADY(in_ready));

  if (COLUMN) begin : g_column
    hwf_column_window #(
      .WIDTH(BITS), .H(H), .W(W), .KH(K), .STRIDE(STRIDE), .PAD_T(PAD_BEFORE), .PAD_B(PAD_AFTER), .PAD_WORD(PAD_WORD),
      .STYLE(STYLE)
    ) dut (
      .*,
      .in0_V_TDATA({1'b0, number}), .in0_V_TVALID(in_valid), .in0_V_TREADY(in_ready),
      .out0_V_TDATA(out_data), .out0_V_TVALID(out_valid), .out0_V_TREADY(out_ready)
    );
  end else begin : g_row
    hwf_row_window #(
      .WIDTH(BITS), .W(W), .KW(K), .STRIDE(STRIDE), .PAD_L(PAD_BEFORE), .PAD_R(PAD_AFTER), .PAD_WORD(PAD_WORD)
    ) dut (
      .*,
      .in0_V_TDATA({1'b0, number}), .in0_V_TVALID(in_valid), .in0_V_TREADY(in_ready),
      .out0_V_TDATA(out_data), .out0_V_TVALID(out_valid), .out0_V_TREADY(out_ready)
    );
  end

  stream_rules #(.WIDTH(K*BITS)) rules (.*, .TDATA(out_data), .TVALID(out_valid), .TREADY(out_ready));

  typedef logic signed [7:0] number_t;
  localparam int LEAD_BITS = $clog2(4 * FRAME + 16);
  logic signed [LEAD_BITS-1:0] lead;  // words of the frame that is being sent that are in
  logic [3:0]                  oy, ox;
  logic                        end_frame, available;
  number_t                     last_index;  // of the last word on the map that the window needs
  logic [K-1:0][BITS-1:0]      wanted;
  assign end_frame = oy == 4'(OH - 1) && ox == 4'(OW - 1);
  always_comb begin
    number_t place;
    last_index = 0;
    for (int k = 0; k < K; k++) begin
      place = number_t'(COLUMN ? oy : ox) * STRIDE + number_t'(k) - PAD_BEFORE;
      wanted[k] = PAD_WORD;
      if (place >= 0 && place < SIZE) begin
        last_index = COLUMN ? place * W + number_t'(ox) : place;
        wanted[k] = {1'b0, frame_number + NUMBER_BITS'(last_index)};
      end
    end
    available = number_t'(lead) > last_index;
  end

  localparam int PATIENCE = (COLUMN ? W : 1) * (PAD_AFTER + STRIDE) + 1;
  localparam int WAIT_BITS = $clog2(PATIENCE + 2);
  logic [WAIT_BITS-1:0] waited;
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      number       <= '0;
      frame_number <= '0;
      lead         <= '0;
      oy           <= '0;
      ox           <= '0;
      waited       <= '0;
    end else begin
      if (taken) number <= number + 1'b1;
      if (sent) begin
        ox <= ox == 4'(OW - 1) ? '0 : ox + 1'b1;
        if (ox == 4'(OW - 1)) oy <= end_frame ? '0 : oy + 1'b1;
        if (end_frame) frame_number <= frame_number + NUMBER_BITS'(FRAME);
      end
      lead   <= lead + LEAD_BITS'(taken) - (sent && end_frame ? LEAD_BITS'(FRAME) : '0);
      waited <= out_valid || !available || (in_ready && !in_valid) ? '0 : waited + 1'b1;
      if (out_valid) begin
        right_words: assert (out_data == wanted);
        was_in: assert (available);
      end
      in_time: assert (waited <= WAIT_BITS'(PATIENCE));
    end
  end

  no_standstill #(.PATIENCE(PATIENCE)) progress (.*, .offers(out_valid), .takes(in_ready || !in_valid));
endmodule
