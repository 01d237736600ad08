// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem
internal import Testing

/// Executable memory and processor features.
@Suite struct ExecutableMemoryTests {
    @Test func codeIsMappedExecutableAndNotWritable() throws {
        let memory = try ExecutableMemory(code: [0xC3])
        let address = memory.address
        let line = try #require(
            try Files.readText("/proc/self/maps").split(separator: "\n").first { line in
                let bounds = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
                return bounds.count == 2 && (bounds[0]..<bounds[1]).contains(address)
            }
        )
        #expect(line.split(separator: " ")[1].hasPrefix("r-x"))
        #expect(memory.byteCount == 1)
    }

    @Test func noCodeIsRefused() {
        #expect(throws: SystemError.invalidArgument(name: "code", got: "0 bytes", expected: "at least one byte")) {
            _ = try ExecutableMemory(code: [])
        }
    }

    @Test func featuresAreReadFromTheFlagsOfTheFirstProcessor() {
        let text = "processor\t: 0\nflags\t\t: fpu avx2 fma f16c bmi2 avx512f\n\nprocessor\t: 1\nflags\t\t: avx_vnni\n"
        let features = CPUFeatures(processorDescription: text)
        #expect(features == [.avx2Kernels, .avx512f])
        #expect(features.description == "avx2 fma f16c bmi2 avx512f")
        #expect(!features.isSuperset(of: .avx512Kernels))
    }

    @Test func aDescriptionWithoutFlagsHasNoFeatures() {
        #expect(CPUFeatures(processorDescription: "Processor : ARMv8\n").isEmpty)
    }
}
