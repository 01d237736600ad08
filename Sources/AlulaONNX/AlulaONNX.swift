// SPDX-License-Identifier: Apache-2.0

// ONNX wire-format reader over a mapped file, and one importer per operator.
