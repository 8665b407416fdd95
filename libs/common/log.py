"""Structured logs: one event per line, for people or for machines. No personal data, no request bodies, no tokens."""

import logging
import sys

import structlog

from libs.common.settings import Settings


def configure(settings: Settings) -> None:
    """Set up logging for the process."""
    level = getattr(logging, settings.log_level.upper())
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    # Its clients log each try against a broker that is away; our own loops say it once per pause, with what they do.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
