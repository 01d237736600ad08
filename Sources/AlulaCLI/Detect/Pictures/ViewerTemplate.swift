// SPDX-License-Identifier: Apache-2.0

/// The viewer's page without its data: markup, style and script only.
enum ViewerTemplate {
    static let head = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>PointPillars detections</title>
        <style>
        html,body{margin:0;height:100%;background:#0f1217;color:#dfe3ea;font:13px/1.4 system-ui,sans-serif;overflow:hidden}
        canvas{position:absolute;inset:0;width:100%;height:100%;touch-action:none;cursor:grab}
        #panel{position:absolute;left:12px;top:12px;width:250px;max-height:calc(100% - 90px);overflow:auto;
          background:#161b22e6;border:1px solid #2b323d;border-radius:8px;padding:10px 12px}
        #panel h1{font-size:14px;margin:0 0 4px;word-break:break-all}
        #panel p{margin:2px 0;color:#9aa4b2}
        #note{color:#f0b35a}
        table{border-collapse:collapse;width:100%;margin-top:6px}
        td{padding:1px 4px;cursor:pointer;white-space:nowrap}
        tr:hover td{background:#232a35}
        #bar{position:absolute;left:12px;right:12px;bottom:12px;display:flex;gap:10px;align-items:center;
          background:#161b22e6;border:1px solid #2b323d;border-radius:8px;padding:8px 12px}
        #bar input[type=range]{flex:1}
        button,select{background:#232a35;color:inherit;border:1px solid #3a4352;border-radius:5px;padding:3px 9px;font:inherit}
        label{display:flex;gap:6px;align-items:center;color:#9aa4b2}
        #play{min-width:58px}
        #score{flex:none!important;width:110px}
        #help{position:absolute;right:14px;top:12px;color:#77818f;text-align:right;pointer-events:none}
        </style>
        </head>
        <body>
        <canvas id="view"></canvas>
        <div id="panel"><h1 id="name"></h1><p id="facts"></p><p id="note"></p><table id="boxes"></table></div>
        <div id="help">drag: orbit &middot; shift-drag: move &middot; wheel: zoom<br>
        &larr; &rarr;: frames &middot; space: play &middot; T: from above &middot; R: reset</div>
        <div id="bar">
        <button id="back" title="previous frame">&lsaquo;</button><button id="play">play</button>
        <button id="next" title="next frame">&rsaquo;</button>
        <input id="frame" type="range" min="0" value="0"><span id="count"></span>
        <label>score &ge; <input id="score" type="range" min="0" max="1" step="0.01" value="0"><span id="least"></span></label>
        <select id="colour"><option value="z">height</option><option value="i">intensity</option>
        <option value="d">distance</option></select>
        </div>

        """

    static let script = ViewerScript.drawing + ViewerScript.controls
}
