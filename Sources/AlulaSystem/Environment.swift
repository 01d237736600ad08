// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The process's environment; read at the edge only, since kernels and engines take values.
package enum Environment {
    /// The value of variable `name`; nil when it is not set.
    package static func value(_ name: String) -> String? {
        guard let text = unsafe getenv(name) else { return nil }
        return unsafe String(cString: text)
    }
}
