// SPDX-License-Identifier: Apache-2.0
//
// Whether `value` is at least word `address` of a table, combinational. A word has one bit more than the value, so that a
// table can say "never". The table costs nothing where it fits in front of the comparison:
//
//   equal words      as one word
//   DEPTH up to 8    look-up tables in a row, each for as many bits of the value as the address leaves inputs (2 to 5)
//   up to 32         a carry chain, one LUT6 a bit for table and comparison
//   more             a carry chain, and one LUT6 more a bit for each 64 words
module hwf_at_least #(
  parameter int unsigned BITS = 8,    // of the value, unsigned
  parameter int unsigned DEPTH = 1,   // words
  parameter logic [DEPTH*(BITS+1)-1:0] WORDS = '0,  // word 0 in the lowest bits, each from 0 (always) to 2^BITS (never)
  localparam int unsigned ADDRESS_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1
) (
  input  logic [ADDRESS_BITS-1:0] address,
  input  logic [BITS-1:0]         value,
  output logic                    at_least
);
  // Simulation takes the expression unless HWF_PRIMITIVES is defined; verif/compute shows that both are the same.
  localparam bit PRIMITIVES =
`ifdef HWF_PRIMITIVES
      1;
`elsif VERILATOR
      0;
`else
      1;
`endif

  function automatic logic word_bit(input int unsigned word, input int unsigned place);
    word_bit = word < DEPTH && place <= BITS ? WORDS[word*(BITS+1)+place] : 1'b0;
  endfunction

  function automatic logic may_be_never();
    may_be_never = 1'b0;
    for (int unsigned word = 0; word < DEPTH; word++) may_be_never |= word_bit(word, BITS);
  endfunction

  localparam bit SAME = WORDS == {DEPTH{WORDS[BITS:0]}};
  localparam int unsigned USED = SAME ? 0 : ADDRESS_BITS;  // bits of the address that say something
  localparam int unsigned CHUNK = USED <= 3 ? 5 - USED : 1;     // places of the value in a look-up table beside them
  // The place above the value is compared only where a word reaches it.
  localparam int unsigned PLACES = may_be_never() ? BITS + 1 : BITS;

  // A row's look-up table number `table`; inputs from the lowest: the answer from the places below, places, address. The
  // first table has a place more instead of an answer.
  function automatic logic [63:0] row_table(input int unsigned number);
    int unsigned low, count;
    low = number == 0 ? 0 : 1 + number * CHUNK;
    count = number == 0 ? 1 + CHUNK : CHUNK;
    for (int unsigned i = 0; i < 64; i++) begin
      logic answer, v, w;
      answer = number == 0 || i[0];
      for (int unsigned k = 0; k < count; k++) begin
        v = number == 0 ? i[k] : i[k+1];
        w = word_bit(USED == 0 ? 0 : i >> (6 - USED), low + k);
        if (low + k < PLACES && v != w) answer = v;
      end
      row_table[i] = answer;
    end
  endfunction

  // Inputs: a place of the value, five bits of the address. 1 where the place decides nothing.
  function automatic logic [63:0] equal_table(input int unsigned place);
    for (int unsigned i = 0; i < 64; i++) equal_table[i] = i[0] == word_bit(i >> 1, place);
  endfunction

  if (!PRIMITIVES) begin : g_expression
    /* verilator lint_off UNSIGNED */  // a word may be 0, which every value reaches
    if (DEPTH == 1) begin : g_one_word
      logic unused;
      assign unused = address[0];
      assign at_least = (BITS+1)'(value) >= WORDS;
    end else begin : g_words
      assign at_least = (BITS+1)'(value) >= WORDS[address*(BITS+1)+:BITS+1];
    end
    /* verilator lint_on UNSIGNED */
  end else if (USED <= 3) begin : g_row
    localparam int unsigned TABLES = PLACES > 1 ? (PLACES - 1 + CHUNK - 1) / CHUNK : 1;
    logic [TABLES*CHUNK:0] places;
    logic [TABLES-1:0] answers;
    assign places = (TABLES*CHUNK+1)'(value);
    for (genvar i = 0; i < TABLES; i++) begin : g_table
      logic [5:0] inputs;
      if (i == 0) begin : g_first
        assign inputs[CHUNK:0] = places[CHUNK:0];
      end else begin : g_later
        assign inputs[CHUNK:0] = {places[i*CHUNK+1+:CHUNK], answers[i-1]};
      end
      if (USED > 0) begin : g_address
        assign inputs[5:CHUNK+1] = address;
      end
      LUT6 #(
        .INIT(row_table(i))
      ) lut (
        .I0(inputs[0]),
        .I1(inputs[1]),
        .I2(inputs[2]),
        .I3(inputs[3]),
        .I4(inputs[4]),
        .I5(inputs[5]),
        .O (answers[i])
      );
    end
    assign at_least = answers[TABLES-1];
    if (USED == 0) begin : g_unused
      logic unused;
      assign unused = ^address;
    end
  end else begin : g_carry
    logic [PLACES-1:0] places, equal;
    /* verilator lint_off UNUSEDSIGNAL */  // only the carry out is wanted
    logic [PLACES:0] sum;
    /* verilator lint_on UNUSEDSIGNAL */
    assign places = PLACES'(value);
    if (DEPTH <= 32) begin : g_merged
      logic [4:0] low_address;
      assign low_address = 5'(address);
      for (genvar place = 0; place < PLACES; place++) begin : g_place
        LUT6 #(
          .INIT(equal_table(place))
        ) lut (
          .I0(places[place]),
          .I1(low_address[0]),
          .I2(low_address[1]),
          .I3(low_address[2]),
          .I4(low_address[3]),
          .I5(low_address[4]),
          .O (equal[place])
        );
      end
    end else begin : g_table
      /* verilator lint_off UNUSEDSIGNAL */  // without a "never" the highest bit is not read
      logic [BITS:0] word;
      /* verilator lint_on UNUSEDSIGNAL */
      hwf_lookup #(.DEPTH(DEPTH), .WIDTH(BITS + 1), .INIT(WORDS)) words (.address(address), .data(word));
      assign equal = ~(places ^ word[PLACES-1:0]);
    end
    hwf_carry_chain #(
      .WIDTH(PLACES)
    ) comparison (
      .operand  (places),
      .propagate(equal),
      .carry    (1'b1),
      .sum      (sum)
    );
    assign at_least = sum[PLACES];
  end
endmodule
