// SPDX-License-Identifier: Apache-2.0

// Kernel families that run plan steps on all cores.
