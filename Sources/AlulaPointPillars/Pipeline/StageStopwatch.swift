// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import Synchronization

/// Sums the times of an engine's layers by the stage they belong to.
final class StageStopwatch: Profiler {
    private let times = Mutex<[Stage: Double]>([:])

    func reportLayerTime(_ layerName: String, milliseconds: Double) {
        times.withLock { $0[Stage(layer: layerName), default: 0] += milliseconds }
    }

    /// Milliseconds of each stage since the last call.
    func takeMilliseconds() -> [Stage: Double] {
        times.withLock { times in
            defer { times = [:] }
            return times
        }
    }
}
