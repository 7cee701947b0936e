# SPDX-License-Identifier: Apache-2.0
"""Silences what torch and Brevitas say at import and first use that no user of hwflow can act on."""

import logging
import warnings

for message in (
    "Named tensors and all their associated APIs",  # Brevitas renames tensors at every quantised layer
    "fast_hadamard_transform package not found",  # an optional speed-up of a layer that is not used here
):
    warnings.filterwarnings("ignore", message=message, category=UserWarning)
warnings.filterwarnings("ignore", message="brevitas.fx is deprecated", category=DeprecationWarning)
# Brevitas asks torch for its compiler of extensions, which misses CUDA aloud on a machine without it.
logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
