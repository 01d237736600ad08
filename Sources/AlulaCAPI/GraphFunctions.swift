// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are C's, and alula.h documents them.

internal import Alula
public import CAlula

extension CapturedGraph: HandleObject {
    static var kind: HandleKind { .graph }
}

extension ExecutionGraph: HandleObject {
    static var kind: HandleKind { .executableGraph }
}

@c @implementation
public func alula_stream_begin_capture(_ stream: alula_stream) -> alula_status {
    attempt { () throws(ExecutionError) in try streamObject(stream).beginCapture() }
}

@c @implementation
public func alula_stream_is_capturing(
    _ stream: alula_stream,
    _ isCapturing: UnsafeMutablePointer<Bool>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try store(try streamObject(stream).isCapturing, isCapturing, "is_capturing")
    }
}

@c @implementation
public func alula_stream_end_capture(
    _ stream: alula_stream,
    _ graph: UnsafeMutablePointer<alula_graph>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(graph, "graph")
        let captured = try streamObject(stream).endCapture()
        try store(alula_graph(value: HandleTable.shared.insert(captured)), graph, "graph")
    }
}

@c @implementation
public func alula_graph_command_count(_ graph: alula_graph, _ count: UnsafeMutablePointer<Int>?) -> alula_status {
    attempt { () throws(ExecutionError) in
        try store(try HandleTable.shared.object(graph.value, as: CapturedGraph.self).commandCount, count, "count")
    }
}

@c @implementation
public func alula_graph_destroy(_ graph: alula_graph) -> alula_status {
    attempt { () throws(ExecutionError) in try HandleTable.shared.remove(graph.value, as: CapturedGraph.self) }
}

@c @implementation
public func alula_graph_instantiate(
    _ graph: alula_graph,
    _ executable: UnsafeMutablePointer<alula_graph_exec>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(executable, "executable")
        let made = try HandleTable.shared.object(graph.value, as: CapturedGraph.self).instantiate()
        try store(alula_graph_exec(value: HandleTable.shared.insert(made)), executable, "executable")
    }
}

@c @implementation
public func alula_graph_launch(_ executable: alula_graph_exec, _ stream: alula_stream) -> alula_status {
    attempt { () throws(ExecutionError) in
        let graph = try HandleTable.shared.object(executable.value, as: ExecutionGraph.self)
        try graph.launch(on: try streamObject(stream))
    }
}

@c @implementation
public func alula_graph_exec_destroy(_ executable: alula_graph_exec) -> alula_status {
    attempt { () throws(ExecutionError) in
        try HandleTable.shared.remove(executable.value, as: ExecutionGraph.self)
    }
}
