// SPDX-License-Identifier: Apache-2.0

// Random problems, oracles and tolerances shared by the tests.
