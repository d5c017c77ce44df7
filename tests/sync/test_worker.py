"""The same work through real Celery workers: broker, tasks, rows."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection

from sync import tasks
from sync.models import Item
from tests.sync import remote

pytestmark = [pytest.mark.worker, pytest.mark.timeout(600), pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).parents[2]
SECONDS = 240.0


@pytest.fixture
def worker(twins: Any) -> Any:
    """`celery -A config worker` on the test's database and broker, against the twins."""
    database = connection.settings_dict
    host = database["HOST"].replace("/", "%2F")
    address = f"{host}:{database['PORT']}" if database["PORT"] else host
    user = database["USER"] + (f":{database['PASSWORD']}" if database["PASSWORD"] else "")
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgres://{user}@{address}/{database['NAME']}",
        "REDIS_URL": django_settings.REDIS_URL,
        "CELERY_BROKER_URL": django_settings.CELERY_BROKER_URL,
        "SECRET_KEY": django_settings.SECRET_KEY,
        "ENCRYPTION_KEYS": ",".join(django_settings.ENCRYPTION_KEYS),
        "PUBLIC_URL": "http://127.0.0.1:9",
        "FORTNOX_API_URL": twins.fortnox.url,
        "FORTNOX_AUTH_URL": f"{twins.fortnox.url}/oauth-v1",
        "FORTNOX_CLIENT_ID": twins.credentials["client_id"],
        "FORTNOX_CLIENT_SECRET": twins.credentials["client_secret"],
        "SMARTDOK_API_URL": twins.smartdok.url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    started = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "config", "worker", "--concurrency", "2", "--loglevel", "WARNING",
         "--without-gossip", "--without-mingle", "--without-heartbeat"],
        cwd=ROOT, env=environment,
    )  # fmt: skip
    yield started
    started.terminate()
    started.wait(100)


def test_pull_and_push_through_a_worker(worker: Any, tenant: Any, smartdok: Any, fortnox: Any, bill: Any) -> None:
    smartdok.add_goods(Number="10", Name="Grus", unit="ton")
    bases = [
        bill({"Code": "10", "LineText": "Grus", "Price": 100.0, "Quantity": 2.0, "UnitType": "ton"}) for _ in range(5)
    ]
    supplier = fortnox.add_supplier("Betong AB")
    given = fortnox.add_supplier_invoice(supplier, "125", project="2041")
    tasks.tick.delay()  # what beat sends every few seconds
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and (len(fortnox.invoices) < 5 or Item.objects.exclude(state="done").exists()):
        assert worker.poll() is None
        tasks.tick.delay()
        time.sleep(0.5)
    assert set(Item.objects.values_list("pipeline__flow", "state")) == {
        ("customers", "done"), ("projects", "done"), ("articles", "done"), ("invoices", "done"),
        ("supplier-invoices", "done"),
    }  # fmt: skip
    assert len(set(remote.references(fortnox))) == len(fortnox.invoices) == len(bases)
    assert [each["Net"] for each in fortnox.invoices.values()] == [200] * 5
    assert list(smartdok.supplier_invoices) == [given]
