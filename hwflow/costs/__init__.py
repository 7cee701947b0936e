# SPDX-License-Identifier: Apache-2.0
"""What an operator will cost before it is synthesised: from costs that Yosys measured, interpolated between them."""
