// SPDX-License-Identifier: Apache-2.0

// The umbrella module: re-exports and documentation, no logic.
