// SPDX-License-Identifier: Apache-2.0
// First in, first out; holds exactly DEPTH_BEATS beats.
//
// TREADY and TVALID depend on registers alone, so a FIFO cuts every path between the node before it and the one behind.
// A full FIFO takes its next beat one cycle after a beat has left; one of a single beat is just a register, and passes every
// other cycle at most.
//
// Latency 1 cycle and, from two beats on, one beat a cycle, in every STYLE: the depth never changes the timing of what fits.
// STYLE "lut" takes shift registers or LUTRAM, whichever needs fewer LUTs; "block" takes block RAM; "auto" takes block RAM
// where that saves more than LUTS_A_BLOCK LUTs for each half block (RAMB18).
module hwf_fifo #(
  parameter int    WIDTH = 8,          // bits a beat
  parameter int    DEPTH_BEATS = 2,    // at least 1
  parameter string STYLE = "auto",     // "auto", "lut" or "block"
  parameter int    LUTS_A_BLOCK = 100
) (
  input  logic             ap_clk,
  input  logic             ap_rst_n,
  input  logic [WIDTH-1:0] in0_V_TDATA,
  input  logic             in0_V_TVALID,
  output logic             in0_V_TREADY,
  output logic [WIDTH-1:0] out0_V_TDATA,
  output logic             out0_V_TVALID,
  input  logic             out0_V_TREADY
);
  if (WIDTH < 1) begin : g_check_width
    $error("%m: WIDTH=%0d must be at least 1", WIDTH);
  end
  if (DEPTH_BEATS < 1) begin : g_check_depth
    $error("%m: DEPTH_BEATS=%0d must be at least 1", DEPTH_BEATS);
  end
  if (STYLE != "auto" && STYLE != "lut" && STYLE != "block") begin : g_check_style
    $error("%m: STYLE=%s must be auto, lut or block", STYLE);
  end

  localparam int ADDRESS_BITS = $clog2(DEPTH_BEATS);

  // What Yosys makes of them on 7-series parts, in LUTs, but for what they have in common. An SRLC32E is one bit x 32 in one
  // LUT, with free multiplexers up to four; a RAM32M six bits x 32, a RAM64M three bits x 64 in four. Counters of three bits
  // and more are carry chains, which cost no LUTs.
  localparam int SHIFTS = (DEPTH_BEATS + 31) / 32;
  localparam int SHIFT_LUTS = WIDTH * (SHIFTS + (SHIFTS - 1) / 4);
  localparam int BANKS = (DEPTH_BEATS + 63) / 64;
  localparam int RAM_LUTS = DEPTH_BEATS == 2 ? 4 * ((WIDTH + 5) / 6) + 1
      : DEPTH_BEATS <= 32 ? 4 * ((WIDTH + 5) / 6) + (DEPTH_BEATS <= 4 ? 5 : 1)
      : BANKS == 1 ? 4 * ((WIDTH + 2) / 3) + 1
      : BANKS * 4 * ((WIDTH + 2) / 3) + WIDTH * ((BANKS + 3) / 4) + 2 * BANKS;
  localparam bit SHIFT = SHIFT_LUTS <= RAM_LUTS;

  // One beat of a block FIFO is in its output register.
  localparam int BLOCK_BITS = DEPTH_BEATS > 3 ? $clog2(DEPTH_BEATS - 1) : 1;
  localparam int BLOCK_WIDTH =  // bits of an RAMB18 that is that deep
      BLOCK_BITS <= 9 ? 36 : BLOCK_BITS == 10 ? 18 : BLOCK_BITS == 11 ? 9 : BLOCK_BITS == 12 ? 4 : BLOCK_BITS == 13 ? 2 : 1;
  localparam int BLOCKS =
      (WIDTH + BLOCK_WIDTH - 1) / BLOCK_WIDTH * (BLOCK_BITS <= 14 ? 1 : 1 << (BLOCK_BITS - 14));
  localparam int BLOCK_LUTS = WIDTH + 8;  // more than the control of the others
  localparam bit BLOCK = STYLE == "block"
      || (STYLE == "auto" && (SHIFT ? SHIFT_LUTS : RAM_LUTS) - BLOCK_LUTS > LUTS_A_BLOCK * BLOCKS);

  /* verilator lint_off UNUSEDSIGNAL */  // a register needs neither
  logic push, pop;
  /* verilator lint_on UNUSEDSIGNAL */
  assign push = in0_V_TVALID && in0_V_TREADY;
  assign pop  = out0_V_TVALID && out0_V_TREADY;

  if (DEPTH_BEATS == 1) begin : g_register
    // Half of a network's FIFOs never hold more. No bit takes a look-up table.
    logic room;
    logic [WIDTH-1:0] held;
    assign in0_V_TREADY  = room;
    assign out0_V_TVALID = !room;
    assign out0_V_TDATA  = held;
    always_ff @(posedge ap_clk) begin
      if (!ap_rst_n) room <= 1'b1;
      else room <= room ? !in0_V_TVALID : out0_V_TREADY;
      if (room) held <= in0_V_TDATA;
    end
  end else if (!BLOCK && DEPTH_BEATS == 2) begin : g_pair
    // Small FIFOs are the most frequent ones, so this has a form of its own: two flags instead of a counter.
    logic some, both;
    assign out0_V_TVALID = some;
    assign in0_V_TREADY  = !both;

    always_ff @(posedge ap_clk) begin
      if (!ap_rst_n) begin
        some <= 1'b0;
        both <= 1'b0;
      end else begin
        some <= push || both || (some && !out0_V_TREADY);
        both <= !pop && (both || (some && push));
      end
    end

    if (SHIFT) begin : g_shift
      for (genvar b = 0; b < WIDTH; b++) begin : g_bit
        logic [3:0] shift;
        logic [1:0] oldest;
        assign oldest = {1'b0, both};
        always_ff @(posedge ap_clk) if (push) shift <= {shift[2:0], in0_V_TDATA[b]};
        assign out0_V_TDATA[b] = shift[oldest+:1];
      end
    end else begin : g_ram
      // The free place is written until a beat is there to stay.
      (* ram_style = "distributed" *) logic [WIDTH-1:0] memory[2];
      logic head;
      initial head = 1'b0;  // see below
      always_ff @(posedge ap_clk) begin
        if (!both) memory[head^some] <= in0_V_TDATA;
        if (!ap_rst_n) head <= 1'b0;
        else head <= head ^ pop;
      end
      assign out0_V_TDATA = memory[head];
    end
  end else if (!BLOCK) begin : g_lut
    // Beats held, less one: negative when empty.
    logic signed [ADDRESS_BITS:0] top;
    assign out0_V_TVALID = !top[ADDRESS_BITS];
    assign in0_V_TREADY  = top != (ADDRESS_BITS + 1)'(DEPTH_BEATS - 1);

    always_ff @(posedge ap_clk) begin
      if (!ap_rst_n) top <= '1;
      else if (push != pop) top <= push ? top + 1'b1 : top - 1'b1;
    end

    if (SHIFT) begin : g_shift
      // The oldest beat is at `top`. One shift register a bit, in the form in which Yosys finds SRLs with an address.
      localparam int LENGTH = DEPTH_BEATS < 4 ? 4 : DEPTH_BEATS;
      localparam int LENGTH_BITS = $clog2(LENGTH);
      logic [LENGTH_BITS-1:0] oldest;
      assign oldest = LENGTH_BITS'(top[ADDRESS_BITS-1:0]);
      for (genvar b = 0; b < WIDTH; b++) begin : g_bit
        logic [LENGTH-1:0] shift;
        always_ff @(posedge ap_clk) if (push) shift <= {shift[LENGTH-2:0], in0_V_TDATA[b]};
        assign out0_V_TDATA[b] = shift[oldest+:1];
      end
    end else begin : g_ram
      (* ram_style = "distributed" *) logic [WIDTH-1:0] memory[1<<ADDRESS_BITS];
      logic [ADDRESS_BITS-1:0] head, tail;
      // Without an initial value Yosys takes the register for a part of the RAM and builds it twice.
      initial head = '0;
      always_ff @(posedge ap_clk) begin
        if (push) memory[tail] <= in0_V_TDATA;
        if (!ap_rst_n) begin
          head <= '0;
          tail <= '0;
        end else begin
          if (push) tail <= tail + 1'b1;
          if (pop) head <= head + 1'b1;
        end
      end
      assign out0_V_TDATA = memory[head];
    end
  end else begin : g_block
    // A beat that finds nothing before it goes past the memory into `bypass`; the others are read from the memory into
    // `fetched` in the cycle in which the beat before them leaves.
    (* ram_style = "block" *) logic [WIDTH-1:0] memory[1<<BLOCK_BITS];
    logic [WIDTH-1:0]           fetched, bypass;
    logic                       bypassed;      // the oldest beat is in `bypass`
    logic [BLOCK_BITS-1:0]      head, tail;
    logic signed [BLOCK_BITS:0] top;           // beats in the memory, less one
    logic                       waiting;       // there are beats in the memory
    logic                       pass, store, fetch;

    assign waiting = !top[BLOCK_BITS];
    assign pass    = push && !waiting && (!out0_V_TVALID || out0_V_TREADY);
    assign store   = push && !pass;
    assign fetch   = pop && waiting;
    assign in0_V_TREADY = top != (BLOCK_BITS + 1)'(DEPTH_BEATS - 2);
    assign out0_V_TDATA = bypassed ? bypass : fetched;

    always_ff @(posedge ap_clk) begin
      if (!ap_rst_n) begin
        out0_V_TVALID <= 1'b0;
        head          <= '0;
        tail          <= '0;
        top           <= '1;
      end else begin
        out0_V_TVALID <= push || (out0_V_TVALID && (!out0_V_TREADY || waiting));
        if (store) tail <= tail + 1'b1;
        if (fetch) head <= head + 1'b1;
        if (store != fetch) top <= store ? top + 1'b1 : top - 1'b1;
      end
      if (pass) bypassed <= 1'b1;
      else if (fetch) bypassed <= 1'b0;
      if (pass) bypass <= in0_V_TDATA;
      if (store) memory[tail] <= in0_V_TDATA;
      if (fetch) fetched <= memory[head];
    end
  end
endmodule
