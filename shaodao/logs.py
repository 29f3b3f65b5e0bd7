"""Logs: structured, to standard error, as lines for people or as JSON for machines."""

import logging
import sys
from typing import assert_never

import structlog
from structlog.typing import Processor

from shaodao.settings import LogFormat, LogLevel


def configure_logs(level: LogLevel, form: LogFormat) -> None:
    """Send our own events and those of libraries to standard error in one form; called once, by the command line."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=False),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(form)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Each request of a story would be a line between the lines of its timeline. What goes over a socket may hold tokens and
    # personal data, and is nothing for a log on any level.
    for name, quietest in (("httpx", logging.WARNING), ("websockets", logging.INFO), ("asyncio", logging.INFO)):
        logging.getLogger(name).setLevel(max(quietest, logging.getLevelNamesMapping()[level]))


def _rendering(form: LogFormat) -> list[Processor]:
    match form:
        case "console":
            # Plain tracebacks: rich ones print local variables, and those may hold personal data.
            plain = structlog.dev.plain_traceback
            return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
        case "json":
            return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
        case _:
            assert_never(form)
