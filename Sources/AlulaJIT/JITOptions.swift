// SPDX-License-Identifier: Apache-2.0

package import AlulaSystem

/// What the code cache does beside compiling; read once at the edge, then passed as a value.
package struct JITOptions: Sendable, Hashable {
    /// The newest instruction set to use even if the machine has newer: `ALULA_MAX_ISA` (`avx2`, `avx512`, `none`).
    package var maximumISA: ISA? = .avx512
    /// A directory that gets `<kernel id>.<n>.bin` and `.txt` for every kernel: `ALULA_JIT_DUMP`.
    package var dumpDirectory: String?
    /// Whether `/tmp/perf-<pid>.map` names the kernels for `perf`: `ALULA_PERF_MAP`.
    package var writesPerfMap = false

    /// The defaults: no dump, no map, any instruction set.
    package init() {}

    /// The names of the environment variables that Alula reads, with what they mean.
    package static let knobs: [(name: String, meaning: String)] = [
        ("ALULA_MAX_ISA", "newest instruction set kernels use: avx512 (default), avx2, none (interpreted)"),
        ("ALULA_VERBOSE", "1 prints what the builder did: rewrites, every tactic with its time, every step's kernel"),
        ("ALULA_JIT_DUMP", "directory that gets the machine code and listing of every kernel"),
        ("ALULA_PERF_MAP", "1 names generated kernels for perf in /tmp/perf-<pid>.map"),
        ("ALULA_THREADS", "threads of the default device of programs in C and Python (default: all cores)"),
    ]

    /// The options the environment asks for.
    ///
    /// - Throws: ``SystemError/invalidArgument(name:got:expected:)`` for an unknown value.
    package static func fromEnvironment() throws(SystemError) -> JITOptions {
        var options = JITOptions()
        if let name = Environment.value("ALULA_MAX_ISA") {
            guard name == "none" || ISA(rawValue: name) != nil else {
                throw .invalidArgument(name: "ALULA_MAX_ISA", got: name, expected: "avx512, avx2 or none")
            }
            options.maximumISA = ISA(rawValue: name)
        }
        options.dumpDirectory = Environment.value("ALULA_JIT_DUMP")
        options.writesPerfMap = Environment.value("ALULA_PERF_MAP") == "1"
        return options
    }
}

extension VectorTarget {
    /// The best target for `features` within `maximum`; nil where kernels can only be interpreted.
    package static func best(_ features: CPUFeatures = .current, maximum: ISA? = .avx512) -> VectorTarget? {
        guard let maximum else { return nil }
        if maximum == .avx512, features.isSuperset(of: .avx512Kernels) {
            return longest(.avx512, hasByteDot: features.contains(.avx512vnni))
        }
        guard features.isSuperset(of: .avx2Kernels) else { return nil }
        return longest(.avx2, hasByteDot: features.contains(.avxvnni))
    }

    /// Whether a machine with `features` can run code for this target.
    package func isSupported(by features: CPUFeatures = .current) -> Bool {
        switch isa {
        case .avx2: features.isSuperset(of: .avx2Kernels) && (!hasByteDot || features.contains(.avxvnni))
        case .avx512: features.isSuperset(of: .avx512Kernels) && (!hasByteDot || features.contains(.avx512vnni))
        }
    }
}
