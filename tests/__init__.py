"""What every test needs before anything imports the settings: the tests' own PostgreSQL and Redis.

This is also why pyproject.toml does not name the settings module: pytest-django would import it first.
"""

import os
from pathlib import Path

import django

os.environ.setdefault("BYGGBRO_DATA", str(Path(__file__).parents[1] / ".data" / "tests"))
given = set(os.environ)
chosen = {"DJANGO_SETTINGS_MODULE": "config.settings"}
if not os.environ.get("DATABASE_URL") and not os.environ.get("REDIS_URL"):
    from config import embedded

    # Each worker of pytest-xdist has a Redis database of its own, as it has a PostgreSQL database of its own.
    number = 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 15
    socket = embedded.redis_url()
    chosen["REDIS_URL"] = f"{socket}?db={number}"
    chosen["CELERY_BROKER_URL"] = f"{embedded.as_broker(socket)}?virtual_host={number}"
os.environ.update({name: value for name, value in chosen.items() if name not in given})
django.setup()
for name in set(chosen) - given:
    del os.environ[name]  # a worker of pytest-xdist inherits the environment and must choose for itself
