# SPDX-License-Identifier: Apache-2.0
"""Benches of the stream operators: each RTL module against a numpy model, with and without stalls."""
