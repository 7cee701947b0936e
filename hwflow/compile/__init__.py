# SPDX-License-Identifier: Apache-2.0
"""From a trained network to a folded dataflow graph: export, streamline, map, fold, assemble, generate."""
