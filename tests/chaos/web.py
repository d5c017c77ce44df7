"""`gunicorn tests.chaos.web`: the application's pages with the workers' shortened times."""

from config.wsgi import application
from tests.chaos import worker

__all__ = ["application", "worker"]
