# SPDX-License-Identifier: Apache-2.0
"""Benches of the compute operators: each RTL module against integers in numpy, with and without stalls."""
