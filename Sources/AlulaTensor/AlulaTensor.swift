// SPDX-License-Identifier: Apache-2.0

// Data types, shapes, strides, owned aligned storage, and tensors over it.
