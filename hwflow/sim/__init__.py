# SPDX-License-Identifier: Apache-2.0
"""Cycle-accurate simulation: SystemVerilog to a library with Verilator, arrays through it, every stream compared."""
