# SPDX-License-Identifier: Apache-2.0
"""From networks to plans."""

from __future__ import annotations

import os
from ctypes import byref, c_size_t
from typing import Callable, Mapping, Sequence

from ._library import Owned, Progress, ShapeStruct, check, encode, lib, new_handle, take_bytes
from .errors import CancelledError
from .network import Network

#: The smallest, the typical and the largest shape of one input.
Range = tuple[Sequence[int], Sequence[int], Sequence[int]]


class Plan(Owned):
    """The serialised engine: weights and steps, no machine code. Every byte is checked when it is loaded."""

    __slots__ = ()
    _destroy = lib.alula_plan_destroy

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Plan":
        """Maps a plan file; weights stay in the mapping."""
        return cls(new_handle(lib.alula_plan_from_file, encode(path)))

    @classmethod
    def from_bytes(cls, data) -> "Plan":
        """Reads a plan from bytes, which are copied."""
        data = data if isinstance(data, bytes) else bytes(data)
        return cls(new_handle(lib.alula_plan_from_bytes, data, len(data)))

    def save(self, path: str | os.PathLike) -> None:
        """Writes the plan to a file, which appears complete or not at all."""
        check(lib.alula_plan_write(self._handle, encode(path)))

    def to_bytes(self) -> bytes:
        """The plan as bytes."""
        return take_bytes(new_handle(lib.alula_plan_serialize, self._handle))


class Builder(Owned):
    """Builds networks for this machine. TensorRT: ``IBuilder`` with ``IBuilderConfig``.

    :param profiles: ranges of the inputs whose shapes vary, by name: ``{"x": (min, opt, max)}``; several in a list.
    :param max_batch_size: leaves the batch out of all shapes; every run then names one, up to this.
    :param strict: leaves out kernels that trade accuracy for speed.
    :param timing: whether kernels compete on the clock; without, cost models choose, at once and everywhere alike.
    :param threads: the threads to time on; None takes all cores.
    :param timing_cache: times of earlier builds, from :attr:`timing_cache`.
    :param progress: called with phase, steps done and steps in total; False stops the build.
    """

    __slots__ = ("_progress", "_failure")
    _destroy = lib.alula_builder_destroy

    def __init__(
        self,
        *,
        profiles: Mapping[str, Range] | Sequence[Mapping[str, Range]] = (),
        max_batch_size: int | None = None,
        strict: bool = False,
        timing: bool = True,
        threads: int | None = None,
        timing_cache: bytes = b"",
        progress: Callable[[str, int, int], bool] | None = None,
    ):
        super().__init__(new_handle(lib.alula_builder_create))
        check(lib.alula_builder_set_strict(self._handle, strict))
        check(lib.alula_builder_set_timing(self._handle, timing, threads or 0))
        check(lib.alula_builder_set_implicit_batch(self._handle, max_batch_size or 0))
        if timing_cache:
            check(lib.alula_builder_set_timing_cache(self._handle, timing_cache, len(timing_cache)))
        for profile in [profiles] if isinstance(profiles, Mapping) else profiles:
            self.add_profile(profile)
        self._progress: object = None
        self._failure: BaseException | None = None
        if progress is not None:
            self._set_progress(progress)

    def add_profile(self, ranges: Mapping[str, Range]) -> int:
        """Adds a profile and returns its number."""
        index = c_size_t()
        check(lib.alula_builder_add_profile(self._handle, byref(index)))
        for name, (smallest, typical, largest) in ranges.items():
            shapes = [byref(ShapeStruct.of(shape)) for shape in (smallest, typical, largest)]
            check(lib.alula_builder_set_profile_shape(self._handle, index.value, encode(name), *shapes))
        return index.value

    def _set_progress(self, progress) -> None:
        def report(_, phase, completed, total):
            try:
                return progress(phase.decode(), completed, total) is not False
            except BaseException as error:  # comes out of build()
                self._failure = error
                return False

        self._progress = Progress(report)
        check(lib.alula_builder_set_progress(self._handle, self._progress, None))

    def build(self, network: Network) -> Plan:
        """Builds a network; takes a while, since kernels are timed."""
        self._failure = None
        try:
            return Plan(new_handle(lib.alula_builder_build, self._handle, network._handle))
        except CancelledError:
            if self._failure is not None:
                raise self._failure from None
            raise

    @property
    def report(self) -> str:
        """What the last build did: rewrites, tactics with their times, the kernel of each step."""
        return take_bytes(new_handle(lib.alula_builder_get_report, self._handle)).decode()

    @property
    def timing_cache(self) -> bytes:
        """Times known before the last build and made by it; later builds with them choose at once, and the same."""
        return take_bytes(new_handle(lib.alula_builder_get_timing_cache, self._handle))
