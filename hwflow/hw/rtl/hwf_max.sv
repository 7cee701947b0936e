// SPDX-License-Identifier: Apache-2.0
// Element-wise maximum of each WINDOW consecutive beats: max pooling behind a depthwise hwf_swg.
//
// The result is held in the accumulating register itself, so the next window begins in the cycle in which it is taken.
//
// Latency 1 cycle from a window's last beat; WINDOW cycles a result.
// in0_V_TREADY depends combinationally on out0_V_TREADY.
module hwf_max #(
  parameter int PE = 1,      // elements a beat
  parameter int BITS = 1,    // bits an element
  parameter bit SIGNED = 0,  // elements are two's complement
  parameter int WINDOW = 4   // beats
) (
  input  logic               ap_clk,
  input  logic               ap_rst_n,
  input  logic [PE*BITS-1:0] in0_V_TDATA,
  input  logic               in0_V_TVALID,
  output logic               in0_V_TREADY,
  output logic [PE*BITS-1:0] out0_V_TDATA,
  output logic               out0_V_TVALID,
  input  logic               out0_V_TREADY
);
  if (PE < 1) begin : g_check_pe
    $error("%m: PE=%0d must be at least 1", PE);
  end
  if (BITS < 1) begin : g_check_bits
    $error("%m: BITS=%0d must be at least 1", BITS);
  end
  if (WINDOW < 1) begin : g_check_window
    $error("%m: WINDOW=%0d must be at least 1", WINDOW);
  end

  localparam int COUNT_BITS = WINDOW > 1 ? $clog2(WINDOW) : 1;

  logic [COUNT_BITS-1:0] count;  // beats of the window so far
  logic                  accept, first, last;

  assign in0_V_TREADY = !out0_V_TVALID || out0_V_TREADY;
  assign accept       = in0_V_TVALID && in0_V_TREADY;
  assign first        = count == '0;
  assign last         = count == COUNT_BITS'(WINDOW - 1);

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      out0_V_TVALID <= 1'b0;
      count         <= '0;
    end else begin
      if (in0_V_TREADY) out0_V_TVALID <= in0_V_TVALID && last;
      if (accept) count <= last ? '0 : count + 1'b1;
    end
  end

  for (genvar i = 0; i < PE; i++) begin : g_element
    logic [BITS-1:0] next, best;
    logic            larger;

    assign next = in0_V_TDATA[i*BITS+:BITS];
    assign out0_V_TDATA[i*BITS+:BITS] = best;

    if (SIGNED) begin : g_signed
      assign larger = $signed(next) > $signed(best);
    end else begin : g_unsigned
      assign larger = next > best;
    end

    // A comparison that enables the register costs no multiplexer.
    always_ff @(posedge ap_clk) if (accept && (first || larger)) best <= next;
  end
endmodule
