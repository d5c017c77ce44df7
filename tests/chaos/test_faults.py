"""Faults of the vendors, of the broker and of the database, each for every writer, with real processes."""

import signal
import threading
from typing import Any

import pytest

from tests.chaos.conftest import assert_settled
from tests.chaos.harness import Servers, Sizes, World
from tests.chaos.storm import SLOW, SLOWER

FORTNOX = ("^/3/customers", "^/3/projects", "^/3/articles", "^/3/units", "^/3/invoices")
SMARTDOK = ("^/SupplierInvoices$", "document/upload")
SMALL = Sizes(customers=2, projects=1, invoices=1, supplier_invoices=1)
LOST: dict[str, dict[str, Any]] = {
    "reset-after": {},
    "truncate": {},
    "not-json": {},
    "status-after": {"status": 502},
    "delay-after": {"seconds": SLOW},
    "delay": {"seconds": SLOWER},  # given up, and stored after that
}

pytestmark = [pytest.mark.worker, pytest.mark.timeout(900)]


def lose(world: World, method: str) -> None:
    """One answer per company and path is lost after the vendor has stored what was sent."""
    for site, (kind, options) in zip(world.sites, LOST.items(), strict=True):
        for path in FORTNOX:
            world.twins.fortnox.faults.add(kind, method, path, tenant=str(site.fortnox.tenant_id), **options)
        for path in SMARTDOK:
            world.twins.smartdok.faults.add(kind, method, path, tenant=site.smartdok.token, **options)


def test_I2_every_answer_lost_after_the_vendor_stored_the_write(servers: Servers) -> None:
    with World(servers, slugs=[f"bolag-{kind}" for kind in LOST], sizes=SMALL, limit=False) as world:
        lose(world, "POST")
        world.start(workers=2, slots=3)
        assert_settled(world)
        left = [fault for twin in (world.twins.fortnox, world.twins.smartdok) for fault in twin.faults.all]
        assert [fault.path for fault in left if fault.remaining and fault.path != "^/3/units"] == []

        world.twins.fortnox.faults.clear()
        lose(world, "PUT")
        for site in world.sites:
            site.smartdok.touch(site.customers[0], CustomerName=f"Nytt namn hos {site.slug}")
            site.smartdok.touch(site.projects[0], ProjectName=f"Nytt projekt hos {site.slug}")
            site.fortnox.cancel_supplier_invoice("1")
        assert_settled(world)


def test_I2_nothing_is_sent_again_after_a_restore_of_yesterdays_backup(servers: Servers) -> None:
    with World(servers, sites=1, seed=7, sizes=Sizes(4, 3, 4, 3), limit=False) as world:
        world.start()
        assert_settled(world)
        world.end()
        servers.postgres.recreate("byggbro_yesterday", world.database)

        site = world.sites[0]
        world.start()
        site.add_invoice(troubled=False)
        site.add_invoice(troubled=False)
        site.add_customer(50)
        site.add_supplier_invoice(troubled=False)
        site.smartdok.touch(site.customers[0], CustomerName=f"Nytt namn hos {site.slug}")
        assert_settled(world)
        world.end()

        servers.postgres.recreate(world.database, "byggbro_yesterday")
        invoices, documents = len(site.fortnox.invoices), len(site.smartdok.documents)
        world.start()
        assert_settled(world)
        assert (len(site.fortnox.invoices), len(site.smartdok.documents)) == (invoices, documents)


def test_principle_1_broker_and_database_may_fail_and_messages_may_double(servers: Servers) -> None:
    with World(servers, sites=2, seed=11, sizes=Sizes(6, 4, 6, 4), limit=True) as world:
        world.start(workers=5, slots=2, tickers=2)
        world.until_items(20)
        servers.redis.flush()
        for _ in range(3):
            for item_id, flow, tenant_id in world.item_ids():
                world.send(f"sync.{flow.replace('-', '_')}.push", item_id, tenant_id)
        typed = [world.sync(world.sites[0].slug) for _ in range(2)]
        servers.postgres.stop(signal.SIGQUIT)
        servers.postgres.start()
        servers.redis.stop()
        threading.Event().wait(30 / world.faster)
        servers.redis.start()
        servers.postgres.end_sessions(world.database)
        for process in typed:
            process.wait(150)
        assert_settled(world)
        assert [each for each in world.twins.fortnox.requests if each.status == 429] == []
