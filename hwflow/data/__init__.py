# SPDX-License-Identifier: Apache-2.0
"""Images: reading, splitting and making them. Every image is unsigned 8 bits, C x H x W."""
