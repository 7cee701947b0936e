# SPDX-License-Identifier: Apache-2.0
"""The paper's tables with what was measured here: rows in YAML, results of runs, Markdown."""
