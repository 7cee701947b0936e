// SPDX-License-Identifier: Apache-2.0
// Included before everything: Verilator's library prints through this (-DVL_PRINTF), and harness.cpp keeps the text.
#pragma once

int hwf_printf(const char* format, ...) __attribute__((format(printf, 1, 2)));
