// SPDX-License-Identifier: Apache-2.0
//
// Product of a signed factor and an activation in look-up tables, combinational: `product` = `factor` * `activation`, of
// WBITS + ABITS, two's complement, exact. `activation` is signed with ASIGNED = 1.
//
// Two bits of the factor at a time make a digit from -2 to 1 (with the bit below, Booth's radix 4: -2 to 2), and a digit's
// multiple of the activation is added to the sum so far, shifted by two. Digit, multiple and half adder of a place are a
// function of six signals: one LUT6 in front of the carry chain. So a product takes ABITS + 2 LUTs for every two
// bits of the factor.
module hwf_product #(
  parameter int unsigned WBITS = 8,  // bits of the factor
  parameter int unsigned ABITS = 8,  // bits of the activation
  parameter bit ASIGNED = 0
) (
  input  logic [WBITS-1:0]       factor,
  input  logic [ABITS-1:0]       activation,
  output logic [WBITS+ABITS-1:0] product
);
  if (WBITS < 1 || ABITS < 1) begin : g_check
    $error("%m: WBITS=%0d and ABITS=%0d must be at least 1", WBITS, ABITS);
  end

  // Simulation takes the expression unless HWF_PRIMITIVES is defined; verif/compute shows that both are the same.
  localparam bit PRIMITIVES =
`ifdef HWF_PRIMITIVES
      1;
`elsif VERILATOR
      0;
`else
      1;
`endif

  // Bit of: sum so far xor multiple, by digit (three bits), activation at this place and the place below, sum so far.
  // A negative multiple is the complement here, and one more by the carry.
  function automatic logic [63:0] half_adder();
    for (int unsigned i = 0; i < 64; i++) begin
      logic multiple;
      case (i[2:0])
        3'd1, 3'd2: multiple = i[3];
        3'd3: multiple = i[4];
        3'd4: multiple = !i[4];
        3'd5, 3'd6: multiple = !i[3];
        3'd7: multiple = 1'b1;
        default: multiple = 1'b0;
      endcase
      half_adder[i] = i[5] ^ multiple;
    end
  endfunction

  if (!PRIMITIVES) begin : g_expression
    logic signed [ABITS:0] a;
    assign a = {ASIGNED & activation[ABITS-1], activation};
    assign product = (WBITS + ABITS)'($signed(factor) * a);
  end else begin : g_primitives
    localparam int unsigned DIGITS = (WBITS + 1) / 2;
    localparam int unsigned WIDTH = ABITS + 2;  // of a sum: the factor's low bits alone, times the activation, over 4^digit
    logic signed [2*DIGITS-1:0] even;  // an odd factor's sign once more
    logic [2*DIGITS:0] digits;  // with a 0 below the lowest bit
    logic [WIDTH:0] multiplicand;  // from the place below the lowest
    assign even = (2 * DIGITS)'($signed(factor));
    assign digits = {even, 1'b0};
    assign multiplicand = {{2{ASIGNED & activation[ABITS-1]}}, activation, 1'b0};

    /* verilator lint_off UNUSEDSIGNAL */  // the carry out is the sign once more
    logic [DIGITS-1:0][WIDTH:0] sums;
    logic [2*DIGITS+ABITS-1:0] all;
    /* verilator lint_on UNUSEDSIGNAL */
    for (genvar d = 0; d < DIGITS; d++) begin : g_digit
      logic [WIDTH-1:0] so_far, propagate;
      if (d == 0) begin : g_first
        assign so_far = '0;
      end else begin : g_later
        assign so_far = {{2{sums[d-1][WIDTH-1]}}, sums[d-1][WIDTH-1:2]};
      end
      for (genvar place = 0; place < WIDTH; place++) begin : g_place
        LUT6 #(
          .INIT(half_adder())
        ) lut (
          .I0(digits[2*d]),
          .I1(digits[2*d+1]),
          .I2(digits[2*d+2]),
          .I3(multiplicand[place+1]),
          .I4(multiplicand[place]),
          .I5(so_far[place]),
          .O (propagate[place])
        );
      end
      hwf_carry_chain #(
        .WIDTH(WIDTH)
      ) adder (
        .operand  (so_far),
        .propagate(propagate),
        .carry    (digits[2*d+2]),
        .sum      (sums[d])
      );
      if (d < DIGITS - 1) begin : g_low
        assign all[2*d+:2] = sums[d][1:0];
      end else begin : g_high
        assign all[2*d+:WIDTH] = sums[d][WIDTH-1:0];
      end
    end
    assign product = all[WBITS+ABITS-1:0];
  end
endmodule
