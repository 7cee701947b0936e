# SPDX-License-Identifier: Apache-2.0
"""Training in the two stages of the paper: real weights first, then 1-bit weights."""
