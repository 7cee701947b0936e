// SPDX-License-Identifier: Apache-2.0
// The same bits in beats of another width; the earlier of two narrow beats holds the lower bits of the wide one.
//
// One of IN_WIDTH and OUT_WIDTH must divide the other; equal widths are wires. Without stalls on the narrow side the
// wide side never makes it wait: the next wide beat is taken with the last part of the old one, and a full wide beat
// waits in a register of its own while the next is gathered.
//
// Latency 1 cycle from the first (narrowing) or last (widening) input beat; one beat a cycle on the narrow side.
// in0_V_TREADY depends combinationally on out0_V_TREADY.
module hwf_width #(
  parameter int IN_WIDTH = 8,  // bits a beat
  parameter int OUT_WIDTH = 8
) (
  input  logic                 ap_clk,
  input  logic                 ap_rst_n,
  input  logic [IN_WIDTH-1:0]  in0_V_TDATA,
  input  logic                 in0_V_TVALID,
  output logic                 in0_V_TREADY,
  output logic [OUT_WIDTH-1:0] out0_V_TDATA,
  output logic                 out0_V_TVALID,
  input  logic                 out0_V_TREADY
);
  if (IN_WIDTH < 1 || OUT_WIDTH < 1) begin : g_check_in_width
    $error("%m: IN_WIDTH=%0d and OUT_WIDTH=%0d must be at least 1", IN_WIDTH, OUT_WIDTH);
  end else if (IN_WIDTH % OUT_WIDTH != 0 && OUT_WIDTH % IN_WIDTH != 0) begin : g_check_in_width
    $error("%m: one of IN_WIDTH=%0d and OUT_WIDTH=%0d must divide the other", IN_WIDTH, OUT_WIDTH);
  end

  if (IN_WIDTH == OUT_WIDTH) begin : g_wires
    logic unused;
    assign unused = &{ap_clk, ap_rst_n};
    assign in0_V_TREADY  = out0_V_TREADY;
    assign out0_V_TVALID = in0_V_TVALID;
    assign out0_V_TDATA  = in0_V_TDATA;
  end else if (IN_WIDTH > OUT_WIDTH) begin : g_narrow
    localparam int PARTS = IN_WIDTH / OUT_WIDTH;
    localparam int COUNT_BITS = $clog2(PARTS);

    logic [PARTS-1:0][OUT_WIDTH-1:0] data;
    logic [COUNT_BITS-1:0]           part;
    logic                            last;

    assign last          = part == COUNT_BITS'(PARTS - 1);
    assign in0_V_TREADY  = !out0_V_TVALID || (last && out0_V_TREADY);
    // A multiplexer costs a quarter of the LUTs of a shift register that can be loaded.
    assign out0_V_TDATA  = data[part];

    always_ff @(posedge ap_clk) begin
      if (!ap_rst_n) begin
        out0_V_TVALID <= 1'b0;
        part          <= '0;
      end else begin
        if (in0_V_TREADY) out0_V_TVALID <= in0_V_TVALID;
        if (out0_V_TVALID && out0_V_TREADY) part <= last ? '0 : part + 1'b1;
      end
      if (in0_V_TREADY) data <= in0_V_TDATA;
    end
  end else begin : g_widen
    localparam int PARTS = OUT_WIDTH / IN_WIDTH;
    localparam int COUNT_BITS = $clog2(PARTS);
    localparam int KEPT = OUT_WIDTH - IN_WIDTH;  // bits gathered before the last part arrives

    logic [KEPT-1:0]       gathered;  // the newest part on top
    logic [COUNT_BITS-1:0] part;
    logic                  last, accept;
    logic [OUT_WIDTH-1:0]  wide;

    assign last         = part == COUNT_BITS'(PARTS - 1);
    assign in0_V_TREADY = !last || !out0_V_TVALID || out0_V_TREADY;
    assign accept       = in0_V_TVALID && in0_V_TREADY;
    assign wide         = {in0_V_TDATA, gathered};

    always_ff @(posedge ap_clk) begin
      if (!ap_rst_n) begin
        out0_V_TVALID <= 1'b0;
        part          <= '0;
      end else begin
        if (!out0_V_TVALID || out0_V_TREADY) out0_V_TVALID <= in0_V_TVALID && last;
        if (accept) part <= last ? '0 : part + 1'b1;
      end
      if (accept) gathered <= wide[OUT_WIDTH-1:IN_WIDTH];
      if (last && in0_V_TREADY) out0_V_TDATA <= wide;
    end
  end
endmodule
