// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaSystem
internal import Foundation
internal import Testing

/// Kernels are generated once, callable, inspectable, and replaceable by the interpreter.
@Suite struct CodeCacheTests {
    /// Stores 42.
    private func answer(_ target: VectorTarget) -> KernelProgram {
        let jit = KernelBuilder(name: "answer", target: target)
        let (dst, _, _) = jit.testArguments()
        jit.store(jit.integer("answer", 42), to: dst[0])
        return jit.finish()
    }

    private func temporaryDirectory() throws -> String {
        let path = FileManager.default.temporaryDirectory.appending(path: "alula-jit-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    @Test(.enabled(if: VectorTarget.best() != nil))
    func aKernelIsGeneratedOncePerDescriptor() throws {
        let cache = CodeCache()
        var generated = 0
        for descriptor in ["a", "b", "a", "b", "a"] {
            let kernel = try cache.kernel(for: descriptor, target: cache.target) { target in
                generated += 1
                return answer(target)
            }
            #expect(kernel.isNative)
            #expect(try Harness.execute(kernel, [[0, 0]]) == [[42, 0]])
        }
        #expect(generated == 2)
        #expect(cache.count == 2)
    }

    @Test func withoutATargetTheSameKernelIsInterpreted() throws {
        var options = JITOptions()
        options.maximumISA = nil
        let cache = CodeCache(options: options)
        #expect(cache.target == nil)
        let kernel = try cache.kernel(for: 1, target: cache.target) { answer($0) }
        #expect(!kernel.isNative)
        #expect(try Harness.execute(kernel, [[0, 0]]) == [[42, 0]])
    }

    @Test(.enabled(if: VectorTarget.best() != nil))
    func aKernelOutlivesItsCache() throws {
        var cache: CodeCache? = CodeCache()
        let kernel = try #require(try cache?.kernel(for: 1, target: cache?.target) { answer($0) })
        cache = nil
        #expect(try Harness.execute(kernel, [[0, 0]]) == [[42, 0]])
    }

    @Test(.enabled(if: VectorTarget.best() != nil))
    func aDumpHoldsTheBytesAndTheListing() throws {
        var options = JITOptions()
        options.dumpDirectory = try temporaryDirectory()
        let directory = try #require(options.dumpDirectory)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let cache = CodeCache(options: options)
        let target = try #require(cache.target)
        let kernel = try cache.kernel(for: 1, target: target) { answer($0) }
        let stem = "\(directory)/answer__\(target.isa.rawValue).1"
        #expect(try Files.read(stem + ".bin").count == kernel.codeRange?.byteCount)
        let listing = try Files.readText(stem + ".txt")
        #expect(
            listing.contains("mov qword ptr [rsi], rdx  ; [first] = answer") || listing.contains("; [first] = answer")
        )
        #expect(listing.contains("ret"))
    }

    @Test(.enabled(if: VectorTarget.best() != nil))
    func thePerfMapNamesTheKernelAtItsAddress() throws {
        var options = JITOptions()
        options.writesPerfMap = true
        let kernel = try CodeCache(options: options).kernel(for: 1, target: VectorTarget.best()) { answer($0) }
        let path = "/tmp/perf-\(ProcessIdentity.processNumber).map"
        defer { try? Files.remove(path) }
        let range = try #require(kernel.codeRange)
        let line = "\(String(range.address, radix: 16)) \(String(range.byteCount, radix: 16)) \(kernel.name)"
        #expect(try Files.readText(path).split(separator: "\n").contains(Substring(line)))
    }

    @Test(arguments: allTargets)
    func theBestTargetIsOneTheFeaturesSupport(target: VectorTarget) {
        for features in [CPUFeatures.avx2Kernels, .avx512Kernels, [.avx512Kernels, .avx512vnni], []] {
            guard let best = VectorTarget.best(features) else {
                #expect(!features.isSuperset(of: .avx2Kernels))
                continue
            }
            #expect(best.isSupported(by: features))
        }
        #expect(VectorTarget.best(.avx512Kernels, maximum: .avx2)?.isa == .avx2)
        #expect(VectorTarget.best(.avx512Kernels, maximum: nil) == nil)
    }
}
