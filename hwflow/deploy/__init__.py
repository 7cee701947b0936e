# SPDX-License-Identifier: Apache-2.0
"""From a verified design to a board: a Vivado project script, a PYNQ driver, the bitstream where Vivado is found."""
