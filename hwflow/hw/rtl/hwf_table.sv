// SPDX-License-Identifier: Apache-2.0
//
// out = TABLE[channel][in], a beat a cycle: any function of one integer, a table for each channel. `in` counts as its code,
// so the entries of a signed input stand in the order 0, 1, .., -2, -1.
//
// Latency: 1 cycle. Cycles a frame: its beats. in0 TREADY follows out0 TREADY combinationally.
module hwf_table #(
  parameter int unsigned C = 24,      // channels
  parameter int unsigned PE = 4,      // channels a beat, divides C
  parameter int unsigned IBITS = 4,
  parameter int unsigned OBITS = 4,
  parameter string STYLE = "lut",     // memory: "lut" or "block"
  parameter logic [C*2**IBITS*OBITS-1:0] TABLE = '0  // [fold][pe][code of in]
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
  if (IBITS < 1 || OBITS < 1) begin : g_check_bits
    $error("%m: IBITS=%0d and OBITS=%0d must be at least 1", IBITS, OBITS);
  end

  localparam int unsigned FOLDS = C / PE;
  localparam int unsigned FOLD_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;
  localparam int unsigned TABLE_BITS = 2 ** IBITS * OBITS;

  function automatic logic [FOLDS*TABLE_BITS-1:0] tables(input int unsigned pe);
    for (int unsigned fold = 0; fold < FOLDS; fold++)
      tables[fold*TABLE_BITS+:TABLE_BITS] = TABLE[(fold*PE+pe)*TABLE_BITS+:TABLE_BITS];
  endfunction

  assign in0_V_TREADY = !out0_V_TVALID || out0_V_TREADY;
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) out0_V_TVALID <= 1'b0;
    else if (in0_V_TREADY) out0_V_TVALID <= in0_V_TVALID;
  end

  /* verilator lint_off UNUSEDSIGNAL */  // with one fold it is 0
  logic [FOLD_BITS-1:0] fold;
  /* verilator lint_on UNUSEDSIGNAL */
  if (FOLDS == 1) begin : g_one_fold
    assign fold = '0;
  end else begin : g_folds
    always_ff @(posedge ap_clk) begin
      if (!ap_rst_n) fold <= '0;
      else if (in0_V_TVALID && in0_V_TREADY) fold <= fold == FOLD_BITS'(FOLDS - 1) ? '0 : fold + 1'b1;
    end
  end

  localparam int unsigned ADDRESS_BITS = $clog2(FOLDS * 2 ** IBITS);
  for (genvar pe = 0; pe < PE; pe++) begin : g_channel
    logic [ADDRESS_BITS-1:0] address;
    if (FOLDS == 1) begin : g_code
      assign address = in0_V_TDATA[pe*IBITS+:IBITS];
    end else begin : g_both
      assign address = {fold, in0_V_TDATA[pe*IBITS+:IBITS]};
    end
    hwf_rom #(
      .DEPTH(FOLDS * 2 ** IBITS),
      .WIDTH(OBITS),
      .STYLE(STYLE),
      .INIT (tables(pe))
    ) rom (
      .ap_clk,
      .enable(in0_V_TREADY),
      .address(address),
      .data(out0_V_TDATA[pe*OBITS+:OBITS])
    );
  end
endmodule
