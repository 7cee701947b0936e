# SPDX-License-Identifier: Apache-2.0
# Stand-ins for the Vivado commands that build.tcl uses: enough of a block design to refuse a cell, pin or interface that is
# not there, and a project that "runs". Every call is printed as one line: CALL, name and arguments, with tabs between.
# Environment: WNS, WHS, PERIOD (ns), FAIL (a run that fails), REPORT (file with Vivado's utilization report).

set known {
    xilinx.com:ip:processing_system7:* {
        FCLK_CLK0 FCLK_RESET0_N M_AXI_GP0_ACLK S_AXI_HP0_ACLK M_AXI_GP0 S_AXI_HP0 DDR FIXED_IO
    }
    xilinx.com:ip:zynq_ultra_ps_e:* {pl_clk0 pl_resetn0 maxihpm0_fpd_aclk saxihp0_fpd_aclk M_AXI_HPM0_FPD S_AXI_HP0_FPD}
    xilinx.com:ip:axi_dma:* {
        s_axi_lite_aclk m_axi_mm2s_aclk m_axi_s2mm_aclk axi_resetn
        S_AXI_LITE M_AXI_MM2S M_AXI_S2MM M_AXIS_MM2S S_AXIS_S2MM
    }
    xilinx.com:ip:proc_sys_reset:* {slowest_sync_clk ext_reset_in peripheral_aresetn}
    xilinx.com:ip:smartconnect:* {aclk aresetn S00_AXI S01_AXI M00_AXI}
    accelerator_axis {ap_clk ap_rst_n in0_V out0_V}
}
set pins {}
set project {}
set ran {}

proc note {name words} { puts [join [concat CALL $name $words] "\t"] }

# The commands that need no answer.
foreach name {
    update_compile_order create_bd_design apply_bd_automation connect_bd_net connect_bd_intf_net assign_bd_address
    validate_bd_design save_bd_design set_property generate_target wait_on_run open_run report_timing_summary
} {
    proc $name args "note $name \$args"
}

proc create_project args {
    note create_project $args
    set ::project [lindex $args 2]
}

proc add_files args {
    note add_files $args
    foreach file [lindex $args end] {
        if {![file exists $file]} { error "add_files: no $file" }
    }
}

proc create_bd_cell args {
    note create_bd_cell $args
    set kind [lindex $args 3]
    if {![dict exists $::known $kind]} { error "create_bd_cell: no IP $kind" }
    foreach pin [dict get $::known $kind] { lappend ::pins [lindex $args 4]/$pin }
}

proc get_bd_cells name {
    if {[lsearch -glob $::pins $name/*] < 0} { error "get_bd_cells: no $name" }
    return $name
}
proc get_bd_pins name {
    if {$name ni $::pins} { error "no pin $name" }
    return $name
}
proc get_bd_intf_pins name { get_bd_pins $name }
proc get_files name { return $name }
proc get_runs name { return $name }
proc get_clocks {} { return clk_fpga_0 }
proc current_fileset {} { return sources_1 }

proc make_wrapper args {
    note make_wrapper $args
    set folder [file join $::project hwflow.gen sources_1 bd shell hw_handoff]
    file mkdir $folder
    close [open [file join $folder shell.hwh] w]
}

proc launch_runs args {
    note launch_runs $args
    set run [lindex $args 0]
    set folder [file join $::project hwflow.runs $run]
    file mkdir $folder
    set log [open [file join $folder runme.log] w]
    puts $log "starting $run"
    if {$run eq $::env(FAIL)} { puts $log "ERROR: \[Synth 8-439\] module 'hwf_gone' not found" }
    close $log
    lappend ::ran $run
}

proc get_property {name object} {
    switch $name {
        PROGRESS { return [expr {$object in $::ran && $object ne $::env(FAIL) ? "100%" : "40%"}] }
        STATUS { return "synth_design ERROR" }
        PERIOD { return $::env(PERIOD) }
        STATS.WNS { return $::env(WNS) }
        STATS.WHS { return $::env(WHS) }
    }
    error "get_property: no $name"
}

proc report_utilization args {
    if {"-return_string" ni $args} { return }
    set file [open $::env(REPORT)]
    set text [read $file]
    close $file
    return $text
}

proc write_bitstream args {
    note write_bitstream $args
    close [open [lindex $args end] w]
}

source [lindex $argv end]
