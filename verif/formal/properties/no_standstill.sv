// SPDX-License-Identifier: Apache-2.0
// A module that offers nothing takes what it is given: it never refuses its inputs for more than PATIENCE cycles on end
// while all its outputs are empty. So no network of streams is held up by a module that waits for nothing.
module no_standstill #(
  parameter int PATIENCE = 1
) (
  input logic ap_clk,
  input logic ap_rst_n,
  input logic offers,  // some output is valid
  input logic takes    // a beat is taken, or none that could be is there
);
  localparam int WAIT_BITS = $clog2(PATIENCE + 2);
  logic [WAIT_BITS-1:0] waited;

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) waited <= '0;
    else begin
      waited <= offers || takes ? '0 : waited + 1'b1;
      not_for_ever: assert (waited <= WAIT_BITS'(PATIENCE));
    end
  end
endmodule
