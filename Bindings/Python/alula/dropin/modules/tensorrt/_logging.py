# SPDX-License-Identifier: Apache-2.0
"""Loggers and error recorders: where failures go, since TensorRT's calls answer False or None and log why."""

import sys
import threading
import time

from alula._library import WarningHandler, check, lib
from alula.errors import AlulaError

from ._enums import ErrorCodeTRT, Severity


class ILogger:
    """Receives messages; subclass it and override :meth:`log`, which may be called from any thread."""

    Severity = Severity
    INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE = Severity

    def __init__(self):
        pass

    def log(self, severity, msg):
        raise NotImplementedError(f"{type(self).__name__} does not override ILogger.log")


class Logger(ILogger):
    """Prints messages of at least ``min_severity`` to standard error."""

    def __init__(self, min_severity=Severity.WARNING):
        super().__init__()
        self.min_severity = min_severity

    def log(self, severity, msg):
        if int(severity) <= int(self.min_severity):
            letter = "FEWIV"[int(severity)]
            print(f"[{time.strftime('%m/%d/%Y-%H:%M:%S')}] [TRT] [{letter}] {msg}", file=sys.stderr)


class IErrorRecorder:
    """Keeps errors; subclass it and override its methods."""

    def __init__(self):
        pass

    def has_overflowed(self):
        return False

    def num_errors(self):
        return 0

    def get_error_code(self, arg0):
        return ErrorCodeTRT.SUCCESS

    def get_error_desc(self, arg0):
        return ""

    def clear(self):
        pass

    def report_error(self, arg0, arg1):
        return False


class Managed:
    """Base of objects that scripts use in ``with``, which has had no effect since version 8: references decide."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def destroy(self):
        """No effect: the object goes with its last reference."""


class Reporter(Managed):
    """Base of objects that log instead of raising. ``_logger`` and ``error_recorder`` are the object's."""

    _logger = None
    error_recorder = None

    def _report(self, error, where=""):
        """Logs a failure and records it."""
        status = error.status if isinstance(error, AlulaError) else 3
        code = ErrorCodeTRT(status) if status <= 10 else ErrorCodeTRT.UNSPECIFIED_ERROR
        text = f"{where}: {error}" if where else str(error)
        if self.error_recorder is not None:
            self.error_recorder.report_error(code, text)
        self._log(Severity.ERROR, f"{int(code)}: {text}")

    def _log(self, severity, text):
        if self._logger is not None:
            self._logger.log(severity, text)


def checked_logger(logger):
    """The logger given, which must be one."""
    if not isinstance(logger, ILogger):
        raise TypeError(f"logger: got {type(logger).__name__}, expected a tensorrt.ILogger")
    global _latest
    _latest = logger
    return logger


_latest = None
_local = threading.local()


class remarks_go_to:
    """Sends remarks of the library to a logger while the block runs in this thread."""

    def __init__(self, logger):
        self._logger = logger

    def __enter__(self):
        _local.logger = self._logger

    def __exit__(self, *_):
        _local.logger = None


def _forward(_, text):
    logger = getattr(_local, "logger", None) or _latest
    if logger is not None:
        logger.log(Severity.WARNING, text.decode(errors="replace"))


_handler = WarningHandler(_forward)
check(lib.alula_set_warning_handler(_handler, None))
