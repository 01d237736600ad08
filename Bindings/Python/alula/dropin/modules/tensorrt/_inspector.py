# SPDX-License-Identifier: Apache-2.0
"""What an engine is made of, as text."""

import json

from alula import InvalidArgumentError

from ._enums import LayerInformationFormat
from ._logging import Reporter


class EngineInspector(Reporter):
    """Shows the layers of an engine."""

    def __init__(self, engine):
        self._engine = engine
        self._logger = engine._logger
        self.execution_context = None
        self.error_recorder = None

    def get_layer_information(self, layer_index, format):
        layers, count = self._engine._engine.describe()["Layers"], self._engine.num_layers
        if not 0 <= layer_index < count:
            self._report(InvalidArgumentError(f"no such layer: got {layer_index}, expected 0..<{count}"))
            return ""
        return self._text(layers[layer_index % len(layers)], format)

    def get_engine_information(self, format):
        description = self._engine._engine.describe()
        if format == LayerInformationFormat.JSON:
            return json.dumps(description)
        return "\n".join(self._text(layer, format) for layer in description["Layers"])

    @staticmethod
    def _text(layer, format):
        if format == LayerInformationFormat.JSON:
            return json.dumps(layer)
        tensors = [", ".join(tensor["Name"] for tensor in layer[key]) for key in ("Inputs", "Outputs")]
        return f"{layer['Name']} [{layer['LayerType']}]: {tensors[0]} -> {tensors[1]}"
