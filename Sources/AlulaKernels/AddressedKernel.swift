// SPDX-License-Identifier: Apache-2.0

package import AlulaTensor

/// A kernel that runs on addresses alone.
///
/// Every copy of a tensor counts a reference, and a count that several cores change travels between them each time: in a
/// step of some microseconds that is most of what a second thread costs. The caller of such a kernel looks at the tensors
/// once, and keeps them alive until all parts have ended.
package protocol AddressedKernel: Kernel {
    /// Whether it does so for its problem; otherwise only ``Kernel/run(parts:inputs:outputs:)`` works. True by default.
    var runsOnAddresses: Bool { get }

    /// As ``Kernel/run(parts:inputs:outputs:)``.
    func run(parts: Range<Int>, operands: KernelOperands)
}

extension Kernel {
    /// The kernel itself where it runs on addresses.
    package var addressed: (any AddressedKernel)? {
        (self as? any AddressedKernel).flatMap { $0.runsOnAddresses ? $0 : nil }
    }
}

extension AddressedKernel {
    package var runsOnAddresses: Bool { true }

    package func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        run(parts: part..<(part + 1), inputs: inputs, outputs: outputs)
    }

    /// - Precondition: there are no more inputs than ``KernelOperands/inputLimit``; tactics see to it.
    package func run(parts: Range<Int>, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let operands = KernelOperands(inputs: inputs, outputs: outputs) else {
            preconditionFailure("\(inputs.count) inputs of \(identifier)")
        }
        run(parts: parts, operands: operands)
        withExtendedLifetime((inputs, outputs)) {}
    }
}

/// Where the tensors of a step lie: numbers, which threads share without counting references.
package struct KernelOperands: BitwiseCopyable, Sendable {
    /// A tensor's place.
    package struct Place: BitwiseCopyable, Sendable {
        /// The address of the first element; 0 where there is no tensor.
        package var address = 0
        /// Elements between successive indices of the outermost axis; negative where there are gaps between them.
        private var stride = 0

        package var outerStrideElements: Int { abs(stride) }
        /// Whether the elements follow each other without gaps.
        package var isContiguous: Bool { stride >= 0 }

        init(_ tensor: Tensor?) {
            guard let tensor else { return }
            address = Int(bitPattern: tensor.address)
            stride = tensor.isContiguous ? tensor.outerStrideElements : -tensor.outerStrideElements
        }
    }

    /// How many inputs there is room for.
    package static let inputLimit = 16

    private var inputs: InlineArray<16, Place>
    /// The first output.
    package let output: Place

    /// Nil when there are more than ``inputLimit`` inputs.
    package init?(inputs: [Tensor?], outputs: [Tensor?]) {
        guard inputs.count <= Self.inputLimit else { return nil }
        self.inputs = InlineArray(repeating: Place(nil))
        for (index, tensor) in inputs.enumerated() { self.inputs[index] = Place(tensor) }
        output = Place(outputs.first ?? nil)
    }

    /// The place of input `index`; 0 where there is none.
    package func input(_ index: Int) -> Place { index < Self.inputLimit ? inputs[index] : Place(nil) }
}

/// A constant a kernel holds, with its address beside it: reading that touches no reference count.
package struct HeldConstant: Sendable {
    package let tensor: Tensor
    package let address: Int

    package init(_ tensor: Tensor) {
        self.tensor = tensor
        address = Int(bitPattern: tensor.address)
    }
}
