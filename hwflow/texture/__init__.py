# SPDX-License-Identifier: Apache-2.0
"""Texture by local binary patterns, and a support vector machine on them: what surface inspection did before networks."""
