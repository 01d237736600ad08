// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT

/// Emits an ``Epilogue`` on values in registers.
package struct EpilogueEmitter {
    private let epilogue: Epilogue
    private let jit: KernelBuilder

    /// An emitter into `jit`.
    package init(_ epilogue: Epilogue, _ jit: KernelBuilder) {
        self.epilogue = epilogue
        self.jit = jit
    }

    /// Takes `value` through all stages, in place.
    ///
    /// - Parameter operand: where the elements of operand number k lie for this vector: memory, a repeated element or a
    ///   register. Called once a use, right before the code that reads it, so it may emit a load into a fresh register
    ///   (a masked one, say, for the tail of a row).
    package func emit(_ value: FloatVector, operand: (_ index: Int) -> any FloatSource) {
        let functions = VectorFunctionEmitter(jit)
        for stage in epilogue.stages {
            switch stage {
            case .function(let function): functions.emit(function, on: value)
            case .combine(let combination, let index):
                if case .number(let number) = epilogue.operands[index].extent {
                    functions.emit(combination, on: value, number: number)
                } else {
                    functions.emit(combination, on: value, operand(index))
                }
            case .select(let condition, let otherwise, let keepsWhereTrue):
                functions.emitSelect(
                    value,
                    condition: operand(condition),
                    otherwise: { self.source(otherwise, operand) },
                    keepsWhereTrue: keepsWhereTrue
                )
            }
        }
    }

    private func source(_ index: Int, _ operand: (_ index: Int) -> any FloatSource) -> any FloatSource {
        if case .number(let number) = epilogue.operands[index].extent { number } else { operand(index) }
    }

    /// Vector registers an epilogue needs beside the value and the registers its operands may lie in.
    ///
    /// Operands that are repeated elements may need one more; where masks are vectors, the masks it needs are counted.
    package static func temporaryVectorCount(_ epilogue: Epilogue, target: VectorTarget) -> Int {
        guard !epilogue.isEmpty else { return 0 }
        let jit = KernelBuilder(name: "probe", target: target)
        let value = jit.floats("value")
        jit.load(value, from: jit.arguments[0])
        EpilogueEmitter(epilogue, jit).emit(value) { _ in jit.arguments[0] }
        jit.store(value, to: jit.arguments[0])
        let pressure = try? jit.finish().vectorPressure(target: target)
        return (pressure ?? target.vectorRegisterCount) - 1
    }
}
