# SPDX-License-Identifier: Apache-2.0
"""What scripts plug into builds: monitors, calibrators, selectors of algorithms."""

from ._enums import CalibrationAlgoType


class IProgressMonitor:
    """Is told how far a build is, and may stop it; subclass it."""

    def __init__(self):
        pass

    def phase_start(self, phase_name, parent_phase, num_steps):
        pass

    def step_complete(self, phase_name, step):
        return True

    def phase_finish(self, phase_name):
        pass


class IInt8Calibrator:
    """Base of calibrators. Builds that need one are refused by name: there is no calibration yet."""

    _algorithm = CalibrationAlgoType.LEGACY_CALIBRATION

    def __init__(self):
        pass

    def get_batch_size(self):
        return 1

    def get_batch(self, names):
        return None

    def read_calibration_cache(self):
        return None

    def write_calibration_cache(self, cache):
        pass

    def get_algorithm(self):
        return self._algorithm


class IInt8LegacyCalibrator(IInt8Calibrator):
    pass


class IInt8EntropyCalibrator(IInt8Calibrator):
    _algorithm = CalibrationAlgoType.ENTROPY_CALIBRATION


class IInt8EntropyCalibrator2(IInt8Calibrator):
    _algorithm = CalibrationAlgoType.ENTROPY_CALIBRATION_2


class IInt8MinMaxCalibrator(IInt8Calibrator):
    _algorithm = CalibrationAlgoType.MINMAX_CALIBRATION


class IAlgorithmSelector:
    """Accepted and never asked: tactics are chosen by time, and a timing cache repeats a choice."""

    def __init__(self):
        pass

    def select_algorithms(self, context, choices):
        return []

    def report_algorithms(self, contexts, choices):
        pass


class IAlgorithm:
    """What a selector would choose from; there are none, the name serves annotations."""


class IAlgorithmContext:
    """What a selector would be told; there are none, the name serves annotations."""


class IAlgorithmIOInfo:
    """What a selector would be told of operands; there are none, the name serves annotations."""


class IAlgorithmVariant:
    """The number of an algorithm; there are none, the name serves annotations."""
