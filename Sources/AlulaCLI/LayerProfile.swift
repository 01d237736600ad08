// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// Median time of every layer beside what it computes and moves.
struct LayerProfile {
    private let layers: [LayerTimeRecorder.Layer]
    private let plan: Plan

    /// A profile of `layers`, recorded while `plan` ran.
    init(_ layers: [LayerTimeRecorder.Layer], _ plan: Plan) {
        self.layers = layers
        self.plan = plan
    }

    /// Prints one row a layer: median milliseconds, share of the total, GFLOP/s, GB/s, kernel.
    func printTable() throws {
        let inspection = try Inspection(of: plan, path: "", shapes: [])
        let facts = Dictionary(inspection.layers.map { ($0.name, $0) }) { first, _ in first }
        let medians = layers.map { LatencySummary($0.milliseconds).median }
        let total = medians.reduce(0, +)
        print("=== Layers (median of \(layers.first?.milliseconds.count ?? 0) profiled inferences) ===")
        print("      ms   share  GFLOP/s     GB/s  layer")
        for (layer, median) in zip(layers, medians) {
            let fact = facts[layer.name]
            let rate = median > 0 ? Double(fact?.flop ?? 0) / median / 1e6 : 0
            let bytes = Double((fact?.weightBytes ?? 0) + (fact?.activationBytes ?? 0))
            let bandwidth = median > 0 ? bytes / median / 1e6 : 0
            let share = total > 0 ? 100 * median / total : 0
            print(
                column(format(median, digits: 3), 8) + column(format(share, digits: 1), 7) + "%"
                    + column(format(rate, digits: 1), 9) + column(format(bandwidth, digits: 1), 9)
                    + "  \(layer.name) (\(fact?.operation ?? "?"))"
            )
        }
        print(column(format(total, digits: 3), 8) + "  total")
    }
}
