// SPDX-License-Identifier: Apache-2.0
//
// Read-only memory: `data` is the word at `address` one cycle later, and holds while `enable` is low.
// STYLE "lut" is explicit LUT6 (one a bit for each 64 words), "block" an inferred block RAM.
//
// Addresses of DEPTH and above give an unspecified word. Latency: 1 cycle.
module hwf_rom #(
  parameter int unsigned DEPTH = 64,  // words
  parameter int unsigned WIDTH = 1,   // bits a word
  parameter string STYLE = "lut",     // "lut" or "block"
  parameter logic [DEPTH*WIDTH-1:0] INIT = '0,  // word 0 in the lowest bits
  localparam int unsigned ADDRESS_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1
) (
  input  logic                    ap_clk,
  input  logic                    enable,
  input  logic [ADDRESS_BITS-1:0] address,
  output logic [WIDTH-1:0]        data
);
  if (STYLE != "lut" && STYLE != "block") begin : g_style
    $error("%m: STYLE=%s must be lut or block", STYLE);
  end

  if (STYLE == "block") begin : g_block
    (* rom_style = "block", ram_style = "block" *) logic [WIDTH-1:0] words[DEPTH];
    // Filled section by section, and there piece by piece: an elaborator takes up a whole constant for each part that it reads
    // of it, so that the time would grow with the square of the memory. Simulators prefer few sections.
    localparam int unsigned SECTION = 4096;  // words
    localparam int unsigned PIECE = 32;      // words
    for (genvar first = 0; first < DEPTH; first += SECTION) begin : g_section
      localparam int unsigned LENGTH = DEPTH - first < SECTION ? DEPTH - first : SECTION;
      localparam logic [LENGTH*WIDTH-1:0] WORDS = INIT[first*WIDTH+:LENGTH*WIDTH];
      initial begin
        logic [PIECE*WIDTH-1:0] piece;
        for (int unsigned row = 0; row < LENGTH; row++) begin
          if (row % PIECE == 0) piece = (PIECE*WIDTH)'(WORDS >> (row * WIDTH));
          words[first+row] = piece[row%PIECE*WIDTH+:WIDTH];
        end
      end
    end
    always_ff @(posedge ap_clk) if (enable) data <= words[address];
  end else begin : g_lut
    logic [WIDTH-1:0] word;
    hwf_lookup #(
      .DEPTH(DEPTH),
      .WIDTH(WIDTH),
      .INIT (INIT)
    ) lookup (
      .address(address),
      .data   (word)
    );
    always_ff @(posedge ap_clk) if (enable) data <= word;
  end
endmodule
