// SPDX-License-Identifier: Apache-2.0

// Registers, operands, instruction encoder, labels and listing for x86-64; emits bytes, runs nothing.
