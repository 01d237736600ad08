// SPDX-License-Identifier: Apache-2.0

// One file per operator: parameters, shape rule, scalar reference.
