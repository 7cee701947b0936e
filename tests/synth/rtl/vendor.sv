// SPDX-License-Identifier: Apache-2.0
// Cells of the vendor, instantiated: 4 LUT6, a RAM32M (4 LUTs), an SRLC32E (1), a LUT6_2 (1), and multiplexers.
module vendor (
  input  logic       ap_clk,
  input  logic [7:0] a,
  input  logic       d,
  output logic [4:0] q
);
  logic [3:0] leaf;
  logic       low, high;

  for (genvar i = 0; i < 4; i++) begin : g_leaf
    LUT6 #(
      .INIT(64'h0123_4567_89AB_CDEF + 64'(i))
    ) lut (
      .O (leaf[i]),
      .I0(a[0]),
      .I1(a[1]),
      .I2(a[2]),
      .I3(a[3]),
      .I4(a[4]),
      .I5(a[5])
    );
  end
  MUXF7 mux_low  (.O(low), .I0(leaf[0]), .I1(leaf[1]), .S(a[6]));
  MUXF7 mux_high (.O(high), .I0(leaf[2]), .I1(leaf[3]), .S(a[6]));
  MUXF8 mux      (.O(q[0]), .I0(low), .I1(high), .S(a[7]));
  SRLC32E #(
    .INIT(32'd0)
  ) shift (
    .Q  (q[1]),
    .Q31(),
    .A  (a[4:0]),
    .CE (a[5]),
    .CLK(ap_clk),
    .D  (d)
  );
  RAM32M ram (
    .DOA  (q[3:2]),
    .DOB  (),
    .DOC  (),
    .DOD  (),
    .ADDRA(a[4:0]),
    .ADDRB(5'd0),
    .ADDRC(5'd0),
    .ADDRD(a[4:0]),
    .DIA  ({d, d}),
    .DIB  (2'd0),
    .DIC  (2'd0),
    .DID  (2'd0),
    .WCLK (ap_clk),
    .WE   (a[7])
  );
  LUT6_2 #(
    .INIT(64'hFEDC_BA98_7654_3210)
  ) pair (
    .O6(q[4]),
    .O5(),
    .I0(a[0]),
    .I1(a[1]),
    .I2(a[2]),
    .I3(a[3]),
    .I4(a[4]),
    .I5(d)
  );
endmodule
