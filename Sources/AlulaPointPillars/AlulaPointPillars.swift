// SPDX-License-Identifier: Apache-2.0

// PointPillars over Alula's public interface.
