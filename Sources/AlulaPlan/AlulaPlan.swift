// SPDX-License-Identifier: Apache-2.0

// The serialised engine: steps, bindings, memory map, weights, version.
