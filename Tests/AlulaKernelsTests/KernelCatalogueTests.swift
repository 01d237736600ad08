// SPDX-License-Identifier: Apache-2.0

import AlulaKernels
import AlulaOperators
import AlulaTensor
import Testing

@Suite struct KernelCatalogueTests {
    @Test func whatNoFamilyCoversHasNoKernel() {
        let float = TensorType(.float32, [1, 2, 3, 4])
        let lists: [[TensorType?]] = [[], [float], [nil], [float, float], [float, nil, TensorType(.int64, [2])]]
        for inputs in lists {
            for outputs in [[], [float], [float, float]] {
                #expect(KernelCatalogue.portable.kernel(for: Unheard(), inputs: inputs, outputs: outputs) == nil)
            }
        }
    }

    @Test func everyOperatorWithTooFewInputsIsRefusedByEveryFamily() throws {
        // A plan from anywhere may name any operator with any inputs; families must look before they index.
        let float = TensorType(.float32, [1, 2, 3, 4])
        for name in OperatorRegistry.standard.names {
            guard let operation = try? OperatorRegistry.standard.makeOperator(.init(name: name, attributes: [:])) else {
                continue
            }
            for count in 0...3 {
                let inputs = [TensorType?](repeating: float, count: count)
                for catalogue in [KernelCatalogue.portable, .standard] {
                    let kernel = catalogue.kernel(for: operation, inputs: inputs, outputs: [float])
                    #expect(kernel.map { $0.partCount >= 1 } ?? true)
                }
            }
        }
    }
}
