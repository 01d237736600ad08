// SPDX-License-Identifier: Apache-2.0

// The graph: values, nodes, patches, verifier and text dump.
