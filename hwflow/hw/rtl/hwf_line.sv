// SPDX-License-Identifier: Apache-2.0
//
// One line a channel, or two with a knee between them, a beat a cycle: out = sat((m * in + a) >>> FRAC). A BatchNorm before
// a quantiser of few bits is of this form; where it equals the thresholds at every value that the input takes, its word
// of constants is smaller than they are.
//
// The constants of a channel are one word of a memory: {MLO, ALO}, and with KNEE = 1 {KNEE, MHI, AHI, MLO, ALO}, of which the
// upper line counts where in >= KNEE. hwf_affine does the same for few channels, with its knees in front of the memory.
// `>>>` rounds towards minus infinity; what lies outside the output's range becomes its nearest end. The sum is exact before that.
//
// A DSP slice a PE, with its product and sum registers.
// Latency: 4 cycles, 5 with a knee. Cycles a frame: its beats. in0 TREADY follows out0 TREADY combinationally.
module hwf_line #(
  parameter int unsigned C = 24,      // channels
  parameter int unsigned PE = 1,      // channels a beat, divides C
  parameter int unsigned IBITS = 9,
  parameter bit ISIGNED = 1,
  parameter int unsigned OBITS = 3,
  parameter bit OSIGNED = 1,
  parameter int unsigned FRAC = 10,   // bits shifted out
  parameter int unsigned MBITS = 10,  // bits of a slope, signed
  parameter int unsigned ABITS = 14,  // bits of an offset, signed
  parameter bit KNEE = 0,
  parameter string STYLE = "lut",     // memory of constants: "lut" or "block"
  localparam int unsigned KNEE_BITS = IBITS + 1,  // signed: one above the input's range is never reached
  localparam int unsigned LINE_BITS = MBITS + ABITS,
  localparam int unsigned WORD_BITS = KNEE ? KNEE_BITS + 2 * LINE_BITS : LINE_BITS,
  parameter logic [C*WORD_BITS-1:0] LINES = '0    // [fold][pe]
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
  if (PE < 1 || C % PE != 0) begin : g_check_pe
    $error("%m: PE=%0d must divide C=%0d", PE, C);
  end
  if (IBITS < 1 || IBITS > 31 || OBITS < 1 || MBITS < 1 || ABITS < 1) begin : g_check_bits
    $error("%m: IBITS=%0d must be 1 to 31; OBITS=%0d, MBITS=%0d and ABITS=%0d at least 1", IBITS, OBITS, MBITS, ABITS);
  end

  localparam int unsigned FOLDS = C / PE;
  localparam int unsigned FOLD_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;
  localparam int unsigned PRODUCT_BITS = MBITS + IBITS + 1;
  localparam int unsigned STAGES = KNEE ? 5 : 4;

  logic enable;
  logic [STAGES-1:0] valids;
  assign enable = !out0_V_TVALID || out0_V_TREADY;
  assign in0_V_TREADY = enable;
  assign out0_V_TVALID = valids[STAGES-1];
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) valids <= '0;
    else if (enable) valids <= {valids[STAGES-2:0], in0_V_TVALID};
  end

  logic [FOLD_BITS-1:0] fold;
  if (FOLDS == 1) begin : g_one_fold
    assign fold = '0;
  end else begin : g_folds
    always_ff @(posedge ap_clk) begin
      if (!ap_rst_n) fold <= '0;
      else if (in0_V_TVALID && enable) fold <= fold == FOLD_BITS'(FOLDS - 1) ? '0 : fold + 1'b1;
    end
  end

  logic [PE*WORD_BITS-1:0] words;
  hwf_rom #(
    .DEPTH(FOLDS),
    .WIDTH(PE * WORD_BITS),
    .STYLE(STYLE),
    .INIT (LINES)
  ) rom (
    .ap_clk,
    .enable,
    .address(fold),
    .data(words)
  );

  for (genvar pe = 0; pe < PE; pe++) begin : g_channel
    logic [WORD_BITS-1:0] word;
    logic signed [IBITS:0] read, value;  // beside the word, and beside the line
    logic [LINE_BITS-1:0] line;
    assign word = words[pe*WORD_BITS+:WORD_BITS];
    always_ff @(posedge ap_clk) begin
      if (enable) read <= {ISIGNED & in0_V_TDATA[(pe+1)*IBITS-1], in0_V_TDATA[pe*IBITS+:IBITS]};
    end
    if (KNEE) begin : g_knee
      logic high;
      assign high = read >= $signed(word[WORD_BITS-1-:KNEE_BITS]);
      always_ff @(posedge ap_clk) begin
        if (enable) begin
          line <= high ? word[LINE_BITS+:LINE_BITS] : word[LINE_BITS-1:0];
          value <= read;
        end
      end
    end else begin : g_line
      assign line = word;
      assign value = read;
    end

    logic signed [MBITS-1:0] slope;
    logic signed [PRODUCT_BITS-1:0] multiple;
    assign slope = line[LINE_BITS-1:ABITS];
    assign multiple = PRODUCT_BITS'(slope * value);

    hwf_line_end #(
      .PRODUCT_BITS(PRODUCT_BITS),
      .ABITS       (ABITS),
      .FRAC        (FRAC),
      .OBITS       (OBITS),
      .OSIGNED     (OSIGNED)
    ) line_end (
      .ap_clk,
      .enable,
      .multiple,
      .offset(line[ABITS-1:0]),
      .result(out0_V_TDATA[pe*OBITS+:OBITS])
    );
  end
endmodule
