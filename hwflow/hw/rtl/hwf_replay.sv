// SPDX-License-Identifier: Apache-2.0
//
// Takes WORDS words and gives them TIMES times in the same order, for a matrix unit that works TIMES groups of rows.
// While one set of words is given the next is taken, so that nothing waits between sets.
//
// A step is a cycle with `valid` and `enable`. `position` (0 .. WORDS*TIMES-1) and `last` (of WORDS) belong to the step
// itself, for a memory with one cycle of latency beside this one; `word` appears one cycle later, and holds while
// `enable` is low. `enable` must not depend on `valid`.
//
// TIMES = 1 or WORDS = 1 keep one word, taken in the first step of its set: TREADY follows `enable`. Otherwise the memory holds
// two sets and TREADY is a register; a set is given once all of it is there, so the first step comes WORDS cycles after its
// first word.
// Cycles a set: WORDS * TIMES.
module hwf_replay #(
  parameter int unsigned WIDTH = 8,    // bits a word
  parameter int unsigned WORDS = 9,    // words a set
  parameter int unsigned TIMES = 2,
  parameter string STYLE = "auto",     // memory of two sets: "lut", "block", or "auto": block where it saves LUTS_A_BLOCK
  parameter int unsigned LUTS_A_BLOCK = 100,  // LUTs that are worth an RAMB18
  localparam int unsigned STEPS = WORDS * TIMES,
  localparam int unsigned STEP_BITS = STEPS > 1 ? $clog2(STEPS) : 1
) (
  input  logic                 ap_clk,
  input  logic                 ap_rst_n,
  input  logic [WIDTH-1:0]     in0_V_TDATA,
  input  logic                 in0_V_TVALID,
  output logic                 in0_V_TREADY,
  input  logic                 enable,
  output logic                 valid,
  output logic [STEP_BITS-1:0] position,
  output logic                 last,
  output logic [WIDTH-1:0]     word
);
  if (WORDS < 1 || TIMES < 1) begin : g_size
    $error("%m: WORDS=%0d and TIMES=%0d must be at least 1", WORDS, TIMES);
  end
  if (STYLE != "auto" && STYLE != "lut" && STYLE != "block") begin : g_style
    $error("%m: STYLE=%s must be auto, lut or block", STYLE);
  end

  localparam int unsigned INDEX_BITS = WORDS > 1 ? $clog2(WORDS) : 1;

  logic step, set_done;
  logic [INDEX_BITS-1:0] index;
  assign step = valid && enable;
  assign last = index == INDEX_BITS'(WORDS - 1);
  assign set_done = position == STEP_BITS'(STEPS - 1);

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      index <= '0;
      position <= '0;
    end else if (step) begin
      index <= last ? '0 : index + 1'b1;
      position <= set_done ? '0 : position + 1'b1;
    end
  end

  if (TIMES == 1 || WORDS == 1) begin : g_direct
    logic next;  // the step takes a word
    assign next = TIMES == 1 || position == '0;
    assign valid = in0_V_TVALID || !next;
    assign in0_V_TREADY = enable && next;
    always_ff @(posedge ap_clk) if (in0_V_TREADY) word <= in0_V_TDATA;
  end else begin : g_memory
    logic write, write_last, write_bank, read_bank;
    logic [INDEX_BITS-1:0] write_index;
    logic some, full;  // sets in the memory: neither 0, some 1, both 2
    assign in0_V_TREADY = !full;
    assign valid = some;
    assign write = in0_V_TVALID && !full;
    assign write_last = write_index == INDEX_BITS'(WORDS - 1);

    logic taken, given;
    assign taken = write && write_last;
    assign given = step && set_done;
    always_ff @(posedge ap_clk) begin
      if (!ap_rst_n) begin
        write_index <= '0;
        write_bank <= 1'b0;
        read_bank <= 1'b0;
        {full, some} <= 2'b00;
      end else begin
        if (write) write_index <= write_last ? '0 : write_index + 1'b1;
        write_bank <= write_bank ^ taken;
        read_bank <= read_bank ^ given;
        if (taken && !given) {full, some} <= {some, 1'b1};
        if (given && !taken) {full, some} <= {1'b0, full};
      end
    end

    localparam int unsigned ADDRESS_BITS = 1 + INDEX_BITS;
    logic [ADDRESS_BITS-1:0] write_address, read_address;
    assign write_address = {write_bank, write_index};
    assign read_address = {read_bank, index};

    // What the memory costs, in LUTs as RAM32M or RAM64M and multiplexers, or in half block RAMs (RAMB18).
    localparam int unsigned BANKS = (2 ** ADDRESS_BITS + 63) / 64;
    localparam int unsigned LUTS = ADDRESS_BITS <= 5 ? 4 * ((WIDTH + 5) / 6)
        : BANKS * 4 * ((WIDTH + 2) / 3) + (BANKS > 1 ? WIDTH * ((BANKS + 3) / 4) : 0);
    localparam int unsigned BLOCK_WIDTH = ADDRESS_BITS <= 9 ? 36 : ADDRESS_BITS == 10 ? 18 : ADDRESS_BITS == 11 ? 9
        : ADDRESS_BITS == 12 ? 4 : ADDRESS_BITS == 13 ? 2 : 1;
    localparam int unsigned BLOCKS = (WIDTH + BLOCK_WIDTH - 1) / BLOCK_WIDTH;
    if (STYLE == "block" || (STYLE == "auto" && LUTS > LUTS_A_BLOCK * BLOCKS)) begin : g_block
      (* ram_style = "block" *) logic [WIDTH-1:0] words[2**ADDRESS_BITS];
      always_ff @(posedge ap_clk) if (write) words[write_address] <= in0_V_TDATA;
      always_ff @(posedge ap_clk) if (enable) word <= words[read_address];
    end else begin : g_lut
      (* ram_style = "distributed" *) logic [WIDTH-1:0] words[2**ADDRESS_BITS];
      always_ff @(posedge ap_clk) if (write) words[write_address] <= in0_V_TDATA;
      always_ff @(posedge ap_clk) if (enable) word <= words[read_address];
    end
  end
endmodule
