# SPDX-License-Identifier: Apache-2.0
"""Proofs that the stream operators lose, double, reorder or corrupt nothing, for all inputs, stalls and times."""
