// SPDX-License-Identifier: Apache-2.0

import AlulaBuilder
import AlulaGraph
import AlulaOperators
import AlulaPlan
import AlulaTensor
import AlulaTesting
import Testing

@Suite struct TimingCacheTests {
    @Test func aCacheSurvivesItsTextWithAnyNames() throws {
        var cache = TimingCache()
        cache.record(12.5, of: "a\ttactic", for: "Conv\\(x\n=1)", on: "machine\r")
        cache.record(3, of: "b", for: "Conv\\(x\n=1)", on: "machine\r")
        cache.record(1e9, of: "b", for: "", on: "other")
        #expect(try TimingCache(text: cache.text, path: "x") == cache)
        #expect(cache.problemCount == 2)
    }

    @Test(arguments: [
        ("", "line 1"), ("something else\n", "line 1"), ("alula timing cache 1\n5\tdirect\n", "line 2"),
        ("alula timing cache 1\nmachine\tm\nproblem\tp\nfast\tdirect\n", "line 4"),
        ("alula timing cache 1\nmachine\tm\nproblem\tp\n-1\tdirect\n", "line 4"),
        ("alula timing cache 1\nmachine\n", "line 2"),
    ])
    func filesThatAreNoCacheAreRefusedByLine(text: String, place: String) throws {
        let error = try #require(throws: BuilderError.self) { try TimingCache(text: text, path: "x.timing") }
        #expect("\(error)".contains("x.timing") && "\(error)".contains(place))
    }

    /// Two convolutions that pose one problem, and one that poses another.
    private func network() -> Graph {
        var generator = SeededRandom(seed: 3)
        var graph = Graph(name: "convolutions")
        var value = graph.addInput("x", .float32, [1, 32, 12, 12])
        for (index, channels) in [32, 32, 48].enumerated() {
            let weights = graph.addConstant(generator.tensor([channels, 32, 3, 3]))
            let window = WindowParameters(padsBegin: [1, 1], padsEnd: [1, 1])
            value = graph.append(Conv(window: window), value, weights, name: "conv\(index)")
        }
        graph.markOutput(value)
        return graph
    }

    @Test func aBuildFromItsCacheTimesNothingAndGivesTheSamePlan() throws {
        let first = try Builder().buildWithReport(network())
        var configuration = BuilderConfiguration()
        configuration.timingCache = first.report.timingCache
        var timed = 0
        let second = try Builder(configuration).buildWithReport(network()) { progress in
            if progress.phase.hasPrefix("time tactics") { timed += 1 }
            return true
        }
        #expect(timed == 0)
        #expect(second.plan.serializedBytes() == first.plan.serializedBytes())
        #expect(second.report.timingCache == first.report.timingCache)
    }

    @Test func everyCandidateIsReportedOnceAProblem() throws {
        let report = try Builder().buildWithReport(network()).report
        let convolutions = report.tactics.filter { $0.problem.hasPrefix("Conv") }
        #expect(convolutions.count == 2)
        for choice in convolutions where choice.candidates.count > 1 {
            #expect(choice.candidates.contains { $0.milliseconds != nil })
            #expect(choice.candidates.allSatisfy { ($0.milliseconds == nil) == ($0.rejection != nil) })
        }
    }

    @Test func timingCanBeCancelled() {
        var configuration = BuilderConfiguration()
        configuration.passes = []
        #expect(throws: BuilderError.self) {
            try Builder(configuration).build(network()) { !$0.phase.hasPrefix("time tactics") }
        }
    }

    @Test func timingsTravelInThePlan() throws {
        let plan = try Builder().build(network())
        #expect(try Plan(plan.serializedBytes()).serializedBytes() == plan.serializedBytes())
        #expect(!plan.timings.isEmpty)
    }
}
