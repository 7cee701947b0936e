// SPDX-License-Identifier: Apache-2.0
// What is due comes out, in order, once and unchanged: the i-th beat seen equals the i-th beat that became due.
//
// `due` says that a beat became due in this cycle, `seen` that one was taken from the output. One beat is picked at an
// arbitrary time by the free input `pick` and followed: as no proof knows which one it is, what holds for it holds for all.
// - no beat is seen that was not due before (nothing invented or sent twice);
// - the picked beat is the one that is seen in its turn (nothing lost, overtaken or corrupted);
// - at most HELD beats are due at a time (the module's capacity), and while some are due, one is offered within LATENCY
//   cycles (none stays inside for ever).
module scoreboard #(
  parameter int WIDTH = 1,
  parameter int HELD = 1,
  parameter int LATENCY = 1
) (
  input logic             ap_clk,
  input logic             ap_rst_n,
  input logic             pick,
  input logic             due,
  input logic [WIDTH-1:0] due_data,
  input logic             offered,
  input logic             seen,
  input logic [WIDTH-1:0] seen_data
);
  localparam int COUNT_BITS = $clog2(HELD + 2);
  localparam int WAIT_BITS = $clog2(LATENCY + 2);

  logic [COUNT_BITS-1:0] held;   // beats due and not seen
  logic [COUNT_BITS-1:0] ahead;  // of those, the ones before the picked beat
  logic [WIDTH-1:0]      picked_data;
  logic                  picked;  // a beat was picked and not seen yet
  logic                  over;    // the picked beat was seen: the proof follows one beat
  logic [WAIT_BITS-1:0]  waited;

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      held   <= '0;
      picked <= 1'b0;
      over   <= 1'b0;
      waited <= '0;
    end else begin
      held <= held + COUNT_BITS'(due) - COUNT_BITS'(seen);
      waited <= offered || held == '0 ? '0 : waited + 1'b1;
      if (picked) begin
        if (seen) ahead <= ahead - 1'b1;
        if (seen && ahead == '0) begin
          picked <= 1'b0;
          over   <= 1'b1;
        end
      end else if (due && pick && !over) begin
        picked      <= 1'b1;
        picked_data <= due_data;
        ahead       <= held - COUNT_BITS'(seen);
      end

      if (seen) begin
        was_due: assert (held != '0);
      end
      if (seen && picked && ahead == '0) begin
        is_the_one: assert (seen_data == picked_data);
      end
      within_capacity: assert (held <= COUNT_BITS'(HELD));
      in_time: assert (waited <= WAIT_BITS'(LATENCY));
      counted: assert (!picked || ahead < held);
    end
  end
endmodule
