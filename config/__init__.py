"""The project: settings, Celery application, URLs."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
