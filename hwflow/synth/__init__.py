# SPDX-License-Identifier: Apache-2.0
"""What each node costs on the device: Yosys through pyosys, before place and route, cached by content."""
