"""`mx.log`: loggers with MXNet's one-letter form."""

from __future__ import annotations

import logging
import sys
from typing import Any

__all__ = [
    "CRITICAL", "DEBUG", "ERROR", "INFO", "NOTSET", "WARNING", "getLogger", "get_logger",
]  # fmt: skip

CRITICAL, DEBUG, ERROR = logging.CRITICAL, logging.DEBUG, logging.ERROR
INFO, NOTSET, WARNING = logging.INFO, logging.NOTSET, logging.WARNING
_FORM = "%(levelname).1s%(asctime)s %(process)d %(pathname)s:%(funcName)s:%(lineno)d] %(message)s"


def get_logger(
    name: str | None = None, filename: Any = None, filemode: str | None = None, level: int = WARNING
) -> logging.Logger:
    """Return a logger that writes to the standard error, or to a file.

    Parameters
    ----------
    name : str, optional
        Without a name, the root logger is returned as it is.
    filename : path, optional
    filemode : str, optional
        "a" to append, the default, or "w".
    level : int
    """
    logger = logging.getLogger(name)
    if name is None or getattr(logger, "_dlstudio_ready", False):
        return logger
    handler: logging.Handler = (
        logging.FileHandler(filename, filemode or "a", encoding="utf-8")
        if filename
        else logging.StreamHandler(sys.stderr)
    )
    handler.setFormatter(logging.Formatter(_FORM, "%m%d %H:%M:%S"))
    logger.addHandler(handler)
    logger.setLevel(level)
    vars(logger)["_dlstudio_ready"] = True
    return logger


getLogger = get_logger  # noqa: N816  MXNet's older name
