"""Keeps what the AWS libraries would log about secrets out of every log."""

import logging

# At DEBUG botocore logs the body of every answer, which is the registry token.
# INFO stays on: it names the kind of identity that was found.
_CAPPED = ("botocore", "urllib3", "aiohttp", "charset_normalizer")
# These log tracebacks with AWS' own words, which may repeat a session token (a signature that does
# not match is explained with all that was signed). What went wrong reaches us as an exception.
_SILENT = ("botocore.credentials", "botocore.tokens", "botocore.utils")


def cap_loggers() -> None:
    """Hold the loggers of the AWS libraries at INFO or above, whatever the root logger is set to.

    A level that is set for one of them explicitly, and quieter, is kept. Loggers below them that
    were made chattier are reset.
    """
    for name in _CAPPED:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.INFO))
        for child in _below(name):
            if child.level:  # 0: as its parent says
                child.setLevel(max(child.level, logging.INFO))
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _below(name: str) -> list[logging.Logger]:
    known = logging.Logger.manager.loggerDict
    return [logging.getLogger(other) for other in tuple(known) if other.startswith(f"{name}.")]
