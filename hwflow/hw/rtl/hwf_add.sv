// SPDX-License-Identifier: Apache-2.0
// Element-wise sum of two streams of signed integers, saturated to OBITS.
//
// Both inputs are taken together, in the cycle in which both are valid and the output register is free. A sum that does
// not fit in OBITS bits becomes the nearest value that does; with OBITS > max(IBITS0, IBITS1) every sum fits.
//
// Latency 1 cycle; one beat a cycle.
// in0_V_TREADY and in1_V_TREADY depend combinationally on out0_V_TREADY and on the other input's TVALID.
module hwf_add #(
  parameter int PE = 1,      // elements a beat
  parameter int IBITS0 = 8,  // bits of an element of in0, of in1 and of the sum
  parameter int IBITS1 = 8,
  parameter int OBITS = 8
) (
  input  logic                 ap_clk,
  input  logic                 ap_rst_n,
  input  logic [PE*IBITS0-1:0] in0_V_TDATA,
  input  logic                 in0_V_TVALID,
  output logic                 in0_V_TREADY,
  input  logic [PE*IBITS1-1:0] in1_V_TDATA,
  input  logic                 in1_V_TVALID,
  output logic                 in1_V_TREADY,
  output logic [PE*OBITS-1:0]  out0_V_TDATA,
  output logic                 out0_V_TVALID,
  input  logic                 out0_V_TREADY
);
  if (PE < 1) begin : g_check_pe
    $error("%m: PE=%0d must be at least 1", PE);
  end
  if (IBITS0 < 1 || IBITS1 < 1) begin : g_check_ibits0
    $error("%m: IBITS0=%0d and IBITS1=%0d must be at least 1", IBITS0, IBITS1);
  end
  if (OBITS < 2) begin : g_check_obits
    $error("%m: OBITS=%0d must be at least 2", OBITS);
  end

  localparam int SUM_BITS = (IBITS0 > IBITS1 ? IBITS0 : IBITS1) + 1;

  logic                free;
  logic [PE*OBITS-1:0] result;

  assign free = !out0_V_TVALID || out0_V_TREADY;
  assign in0_V_TREADY = free && in1_V_TVALID;
  assign in1_V_TREADY = free && in0_V_TVALID;

  for (genvar i = 0; i < PE; i++) begin : g_element
    logic signed [IBITS0-1:0]   a;
    logic signed [IBITS1-1:0]   b;
    logic signed [SUM_BITS-1:0] sum;

    assign a   = in0_V_TDATA[i*IBITS0+:IBITS0];
    assign b   = in1_V_TDATA[i*IBITS1+:IBITS1];
    assign sum = SUM_BITS'(a) + SUM_BITS'(b);

    if (OBITS >= SUM_BITS) begin : g_fits
      assign result[i*OBITS+:OBITS] = OBITS'(sum);
    end else begin : g_saturate
      logic sign, fits;
      assign sign = sum[SUM_BITS-1];
      assign fits = sum[SUM_BITS-1:OBITS-1] == {SUM_BITS - OBITS + 1{sign}};
      assign result[i*OBITS+:OBITS] = fits ? sum[OBITS-1:0] : {sign, {OBITS - 1{!sign}}};
    end
  end

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) out0_V_TVALID <= 1'b0;
    else if (free) out0_V_TVALID <= in0_V_TVALID && in1_V_TVALID;
    if (free) out0_V_TDATA <= result;
  end
endmodule
