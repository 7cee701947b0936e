// SPDX-License-Identifier: Apache-2.0
//
// Combinational table in explicit LUT6, MUXF7 and MUXF8: one LUT6 a bit for each 64 entries. Synthesis tools that infer
// such a table from a case or a memory spend up to five times as many. A bit that is the same in all words, that follows the
// lowest address bit alone, or that equals the bit below or its opposite (signs often do) takes none.
//
// Addresses of DEPTH and above give an unspecified word. Latency: 0 cycles.
module hwf_lookup #(
  parameter int unsigned DEPTH = 64,  // words
  parameter int unsigned WIDTH = 1,   // bits a word
  parameter logic [DEPTH*WIDTH-1:0] INIT = '0,  // word 0 in the lowest bits
  localparam int unsigned ADDRESS_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1
) (
  input  logic [ADDRESS_BITS-1:0] address,
  output logic [WIDTH-1:0]        data
);
  if (DEPTH < 1 || WIDTH < 1) begin : g_size
    $error("%m: DEPTH=%0d and WIDTH=%0d must be at least 1", DEPTH, WIDTH);
  end

  // Simulation reads the parameter unless HWF_PRIMITIVES is defined; verif/compute shows that both are the same.
  localparam bit PRIMITIVES =
`ifdef HWF_PRIMITIVES
      1;
`elsif VERILATOR
      0;
`else
      1;
`endif

  localparam int unsigned LUTS = (DEPTH + 63) / 64;    // of 64 words
  localparam int unsigned BLOCKS = (LUTS + 3) / 4;     // of 256 words: what one MUXF8 can reach
  localparam int unsigned SELECT_BITS = BLOCKS > 1 ? $clog2(BLOCKS) : 1;
  localparam int unsigned PADDED_BITS = BLOCKS > 1 ? 8 + SELECT_BITS : 8;

  // Bit `column` of the 64 words of look-up table `lut`.
  function automatic logic [63:0] contents(input int unsigned lut, input int unsigned column);
    contents = '0;
    for (int unsigned row = 0; row < 64; row++)
      if (lut * 64 + row < DEPTH) contents[row] = INIT[(lut*64+row)*WIDTH+column];
  endfunction

  function automatic logic [DEPTH-1:0] words_of(input int unsigned column);
    for (int unsigned row = 0; row < DEPTH; row++) words_of[row] = INIT[row*WIDTH+column];
  endfunction

  if (DEPTH == 1) begin : g_constant
    logic unused;
    assign unused = address[0];
    assign data = INIT;
  end else if (!PRIMITIVES) begin : g_expression
    assign data = INIT[address*WIDTH+:WIDTH];
  end else begin : g_primitives
    /* verilator lint_off UNUSEDSIGNAL */  // a small table leaves the upper address bits unread
    logic [PADDED_BITS-1:0] padded;
    /* verilator lint_on UNUSEDSIGNAL */
    assign padded = PADDED_BITS'(address);

    for (genvar column = 0; column < WIDTH; column++) begin : g_column
      localparam logic [DEPTH-1:0] WORDS = words_of(column);
      localparam logic [DEPTH-1:0] BELOW = words_of(column > 0 ? column - 1 : 0);
      localparam logic [DEPTH-1:0] LOWEST = DEPTH'({(DEPTH + 1) / 2{WORDS[1:0]}});
      if (WORDS == LOWEST) begin : g_lowest
        assign data[column] = address[0] ? WORDS[1] : WORDS[0];
      end else if (column > 0 && (WORDS ^ BELOW) == {DEPTH{WORDS[0] ^ BELOW[0]}}) begin : g_below
        assign data[column] = data[column-1] ^ WORDS[0] ^ BELOW[0];
      end else begin : g_look_up
        logic [BLOCKS-1:0] blocks;
        for (genvar block = 0; block < BLOCKS; block++) begin : g_block
          // A MUXF7 has two LUT6 below it and a MUXF8 four, so a last block of three takes a fourth, empty one.
          localparam int unsigned LEFT = LUTS - 4 * block;
          localparam int unsigned TAKEN = LEFT > 2 ? 4 : LEFT;
          logic [TAKEN-1:0] bits;
          for (genvar i = 0; i < TAKEN; i++) begin : g_lut
            LUT6 #(
              .INIT(contents(4 * block + i, column))
            ) lut (
              .I0(padded[0]),
              .I1(padded[1]),
              .I2(padded[2]),
              .I3(padded[3]),
              .I4(padded[4]),
              .I5(padded[5]),
              .O (bits[i])
            );
          end
          if (TAKEN == 1) begin : g_one
            assign blocks[block] = bits[0];
          end else if (TAKEN == 2) begin : g_two
            MUXF7 mux (.I0(bits[0]), .I1(bits[1]), .S(padded[6]), .O(blocks[block]));
          end else begin : g_four
            logic low, high;
            MUXF7 mux_low  (.I0(bits[0]), .I1(bits[1]), .S(padded[6]), .O(low));
            MUXF7 mux_high (.I0(bits[2]), .I1(bits[3]), .S(padded[6]), .O(high));
            MUXF8 mux      (.I0(low), .I1(high), .S(padded[7]), .O(blocks[block]));
          end
        end
        if (BLOCKS == 1) begin : g_whole
          assign data[column] = blocks[0];
        end else begin : g_select
          assign data[column] = blocks[padded[8+:SELECT_BITS]];
        end
      end
    end
  end
endmodule
