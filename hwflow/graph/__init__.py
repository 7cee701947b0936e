# SPDX-License-Identifier: Apache-2.0
"""QONNX graphs: reading them safely and running them in PyTorch."""
