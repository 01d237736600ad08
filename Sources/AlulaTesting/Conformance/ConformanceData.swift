// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem

/// Where ONNX's backend cases lie on this machine.
package enum ConformanceData {
    /// The folder named by `ALULA_ONNX_DATA`, else the one in the checkout's `.venv`; nil when neither exists.
    package static let directory: String? = {
        let named = Environment.value("ALULA_ONNX_DATA")
        return (named.map { [$0] } ?? installed()).first { Files.isDirectory($0) }
    }()

    private static func installed() -> [String] {
        let libraries = (try? Files.list(".venv/lib")) ?? []
        return libraries.map { ".venv/lib/\($0)/site-packages/onnx/backend/test/data" }
    }
}
