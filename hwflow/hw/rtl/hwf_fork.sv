// SPDX-License-Identifier: Apache-2.0
// One stream to COPIES streams.
//
// Every beat is delivered exactly once to each copy. A copy takes its beat when it likes; the next beat enters in the
// cycle in which the last copy takes the old one. Copy i owns bit i of TVALID and TREADY and the i-th WIDTH bits of TDATA.
//
// Latency 1 cycle; one beat a cycle while all copies are ready.
// in0_V_TREADY depends combinationally on out_V_TREADY.
module hwf_fork #(
  parameter int WIDTH = 8,  // bits a beat
  parameter int COPIES = 2
) (
  input  logic                    ap_clk,
  input  logic                    ap_rst_n,
  input  logic [WIDTH-1:0]        in0_V_TDATA,
  input  logic                    in0_V_TVALID,
  output logic                    in0_V_TREADY,
  output logic [COPIES*WIDTH-1:0] out_V_TDATA,
  output logic [COPIES-1:0]       out_V_TVALID,
  input  logic [COPIES-1:0]       out_V_TREADY
);
  if (WIDTH < 1) begin : g_check_width
    $error("%m: WIDTH=%0d must be at least 1", WIDTH);
  end
  if (COPIES < 1) begin : g_check_copies
    $error("%m: COPIES=%0d must be at least 1", COPIES);
  end

  logic [WIDTH-1:0]  data;
  logic [COPIES-1:0] owed;  // copies that have not taken the beat in `data`

  assign in0_V_TREADY = &(~owed | out_V_TREADY);
  assign out_V_TDATA  = {COPIES{data}};
  assign out_V_TVALID = owed;

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) owed <= '0;
    else if (in0_V_TREADY) owed <= {COPIES{in0_V_TVALID}};
    else owed <= owed & ~out_V_TREADY;
    if (in0_V_TREADY) data <= in0_V_TDATA;
  end
endmodule
