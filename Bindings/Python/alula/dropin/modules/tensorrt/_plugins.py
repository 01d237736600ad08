# SPDX-License-Identifier: Apache-2.0
"""Plugins: the registry, the classes scripts subclass, and those of TensorRT's that are operators here.

A plugin's own code runs kernels on a GPU. So a plugin that a script brings can be registered and made, but a network
that uses it is refused by name; the ones in ``_BUILT_IN`` become operators instead.
"""

import numpy as np

from alula import InvalidArgumentError, UnsupportedError

from ._enums import LayerType, PluginFieldType
from ._logging import Reporter
from ._tensors import ILayer

_FIELD_TYPES = {
    "float16": PluginFieldType.FLOAT16, "float32": PluginFieldType.FLOAT32, "float64": PluginFieldType.FLOAT64,
    "int8": PluginFieldType.INT8, "int16": PluginFieldType.INT16, "int32": PluginFieldType.INT32,
    "int64": PluginFieldType.INT64,
}


class PluginField:
    """A named parameter of a plugin."""

    def __init__(self, name="", data=None, type=PluginFieldType.UNKNOWN):
        self.name = name.decode() if isinstance(name, bytes) else name
        self.data = data
        if type == PluginFieldType.UNKNOWN and isinstance(data, np.ndarray):
            type = _FIELD_TYPES.get(data.dtype.name, type)
        self.type = type

    @property
    def size(self):
        return 0 if self.data is None else len(np.atleast_1d(self.data) if isinstance(self.data, np.ndarray) else self.data)


class PluginFieldCollection(list):
    """The parameters of a plugin, by position."""

    def __init__(self, fields=()):
        super().__init__(fields)

    def value(self, name, default=None):
        """The first number of the field with a name."""
        for field in self:
            if field.name == name and field.data is not None:
                return np.ravel(np.asarray(field.data))[0].item()
        return default


class PluginTensorDesc:
    """Shape, type and format of a plugin's operand."""

    dims, type, format, scale = None, None, None, 1.0


class IPluginCapability:
    """A part of what a plugin can do."""

    def __init__(self):
        pass


class IPluginV3OneCore(IPluginCapability):
    plugin_name, plugin_version, plugin_namespace = "", "1", ""


class IPluginV3OneBuild(IPluginCapability):
    num_outputs = 1


class IPluginV3OneRuntime(IPluginCapability):
    pass


class IPluginV3:
    """A plugin of version 10; its class may be written, made and registered."""

    def __init__(self):
        pass

    def get_capability_interface(self, type):
        return self

    def clone(self):
        return self


class IPluginV2:
    """A plugin of version 8; its class may be written, made and registered."""

    plugin_type, plugin_version, plugin_namespace, num_outputs = "", "1", "", 1

    def __init__(self, other=None):
        pass

    def clone(self):
        return self


class IPluginV2Ext(IPluginV2):
    pass


class IPluginV2DynamicExt(IPluginV2Ext):
    pass


class _BuiltInPlugin(IPluginV2DynamicExt):
    """A plugin of TensorRT's with its parameters."""

    def __init__(self, name, fields):
        super().__init__()
        self.plugin_type = name
        self.fields = fields if isinstance(fields, PluginFieldCollection) else PluginFieldCollection(fields or ())


class IPluginCreator:
    """Makes plugins of one name; subclass it."""

    name, plugin_version, plugin_namespace = "", "1", ""
    field_names = ()

    def __init__(self):
        pass

    def create_plugin(self, name, field_collection):
        return None

    def deserialize_plugin(self, name, data):
        return None


class IPluginCreatorV3One(IPluginCreator):
    def create_plugin(self, name, field_collection, phase=None):
        return None


class _BuiltInCreator(IPluginCreator):
    """Makes a plugin of TensorRT's."""

    def __init__(self, name):
        super().__init__()
        self.name = name

    def create_plugin(self, name, field_collection, phase=None):
        return _BuiltInPlugin(self.name, field_collection)


class IPluginRegistry(Reporter):
    """Creators of plugins by name, version and namespace."""

    def __init__(self):
        self._creators = [_BuiltInCreator(name) for name in _BUILT_IN]
        self.parent_search_enabled = True

    @property
    def plugin_creator_list(self):
        return list(self._creators)

    all_creators = plugin_creator_list

    def register_creator(self, creator, plugin_namespace=""):
        """Adds a creator; False when one of that name, version and namespace is there."""
        if self.get_plugin_creator(creator.name, creator.plugin_version, plugin_namespace) is not None:
            return False
        creator.plugin_namespace = plugin_namespace
        self._creators.append(creator)
        return True

    def deregister_creator(self, creator):
        if creator not in self._creators:
            return False
        self._creators.remove(creator)
        return True

    def get_plugin_creator(self, type, version="1", plugin_namespace=""):
        """The creator with a name, or None."""
        for creator in self._creators:
            if (creator.name, str(creator.plugin_version)) == (type, str(version)) and plugin_namespace in (
                "", creator.plugin_namespace,
            ):
                return creator
        return None

    get_creator = get_plugin_creator

    def load_library(self, plugin_path):
        self._report(UnsupportedError(f"load_library '{plugin_path}': plugins in C++ run on GPUs only"))
        return None

    def deregister_library(self, handle):
        return None

    def acquire_plugin_resource(self, key, resource):
        return resource.clone()

    def release_plugin_resource(self, key):
        return 0


class IPluginV2Layer(ILayer):
    """A plugin that is an operator here."""

    _type = LayerType.PLUGIN_V2

    @property
    def plugin(self):
        return self._plugin

    def _emit(self, emitter):
        return _BUILT_IN[self._plugin.plugin_type](emitter, self._plugin.fields)


class IPluginV3Layer(IPluginV2Layer):
    _type = LayerType.PLUGIN_V3


def _leaky(emitter, fields):
    return emitter.add("LeakyRelu", emitter.input(), alpha=float(fields.value("negSlope", 0.01)))


def _clip(emitter, fields):
    dtype = emitter.dtype()
    low, high = (emitter.constant(fields.value(name), dtype) for name in ("clipMin", "clipMax"))
    return emitter.add("Clip", emitter.input(), low, high)


def _instance_normalization(emitter, fields):
    value = emitter.add(
        "InstanceNormalization", *(emitter.input(index) for index in range(3)), epsilon=float(fields.value("epsilon", 1e-5))
    )
    if not fields.value("relu", 0):
        return value
    return emitter.add("LeakyRelu", value, alpha=float(fields.value("alpha", 0.0)))


#: TensorRT's plugins that are operators here.
_BUILT_IN = {"LReLU_TRT": _leaky, "Clip_TRT": _clip, "InstanceNormalization_TRT": _instance_normalization}


def add_plugin(network, inputs, plugin, cls):
    """Adds the layer of a plugin; None for one whose code would have to run, which is logged."""
    if not isinstance(plugin, _BuiltInPlugin):
        name = getattr(plugin, "plugin_type", "") or getattr(plugin, "plugin_name", "") or type(plugin).__name__
        network._report(
            UnsupportedError(
                f"plugin '{name}': its code is written for a GPU and does not run here; express it with layers, or in the "
                f"ONNX model. Plugins that are operators here: {', '.join(_BUILT_IN)}"
            )
        )
        return None
    if any(tensor is None for tensor in inputs):
        network._report(InvalidArgumentError(f"plugin '{plugin.plugin_type}': got None as an input, expected a tensor"))
        return None
    layer = cls(network, list(inputs), 1)
    layer._plugin = plugin
    return network._add(layer)


_registry = IPluginRegistry()


def get_plugin_registry():
    """The registry of this process."""
    return _registry


def get_builder_plugin_registry(capability=None):
    return _registry


def init_libnvinfer_plugins(logger, namespace):
    """TensorRT's plugins register here; those that are operators already have. True."""
    return True
