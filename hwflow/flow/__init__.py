# SPDX-License-Identifier: Apache-2.0
"""The stages of a build, each from artefact to artefact, and what decides whether one has to run."""

STAGES = ("export", "streamline", "map", "fold", "generate", "fifo", "verify", "synthesise", "deploy", "report")
