# SPDX-License-Identifier: Apache-2.0
"""report.json, the page drawn from it, and the table on the terminal."""
