// SPDX-License-Identifier: Apache-2.0

// Passes, layouts and memory planning: from a graph to a plan.
