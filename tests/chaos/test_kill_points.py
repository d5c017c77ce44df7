"""Issue fault 1: a worker is killed at every stage of a push, for every kind of writer, and at every stage of a pull.

One company per kill point, all at once in one world: what one loses the others must not get.
"""

import pytest

from tests.chaos.conftest import assert_settled
from tests.chaos.harness import Servers, Sizes, World
from tests.chaos.services import until

FLOWS = ("customers", "projects", "articles", "invoices", "supplier-invoices", "supplier-documents")
# As in tests.chaos.worker, which only workers import.
PUSH_POINTS = (
    "claim.before",
    "claim.after",
    "intent.after",
    "request.left",
    "stored.unread",
    "answer.after",
    "outcome.after",
)
PULL_POINTS = ("pull.mid-page", "pull.before-cursor", "pull.after-cursor")

pytestmark = [pytest.mark.worker, pytest.mark.timeout(900)]
WHOLE = {("stored.unread", "invoices"), ("pull.mid-page", "customers")}
SMALL = Sizes(customers=2, projects=1, invoices=1, supplier_invoices=1)


def test_I2_G7_killed_at_every_stage_of_every_flow_nothing_is_doubled_or_lost(servers: Servers) -> None:
    points = {f"bolag-{point.replace('.', '-')}": point for point in PUSH_POINTS + PULL_POINTS}
    with World(servers, slugs=list(points), sizes=SMALL, limit=False) as world:
        for slug, point in points.items():
            for flow in FLOWS:
                # Where it costs the least, the whole worker dies.
                world.arm(point, flow, slug, victim="worker" if (point, flow) in WHOLE else "process")
        world.start(workers=2, slots=3)
        until(lambda: len(world.fired) == len(points) * len(FLOWS), 150, "everybody died")
        assert_settled(world)

        # The same for changes: PUT at both vendors.
        for site in world.sites[: len(PUSH_POINTS)]:
            site.smartdok.touch(site.customers[0], CustomerName=f"Nytt namn hos {site.slug}")
            site.smartdok.touch(site.projects[0], ProjectName=f"Nytt projekt hos {site.slug}")
            site.fortnox.cancel_supplier_invoice("1")
            for flow in ("customers", "projects", "supplier-invoices"):
                world.arm(points[site.slug], flow, site.slug)
        until(lambda: not world.armed, 150, "everybody died again")
        assert_settled(world)
        for site in world.sites[: len(PUSH_POINTS)]:
            assert site.smartdok.supplier_invoices["1"]["InvoiceStatus"] == "Cancelled"
