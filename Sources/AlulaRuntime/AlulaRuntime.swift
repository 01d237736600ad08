// SPDX-License-Identifier: Apache-2.0

// Device, engine, execution context, stream, event, profiler.
