// SPDX-License-Identifier: Apache-2.0

// CPU features, topology, executable memory, files, threads, locks and the clock: the only module that imports the C library.
