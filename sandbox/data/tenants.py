"""The two companies of the demo and what it takes to connect to them."""

from dataclasses import dataclass
from typing import Any

from sandbox.fortnox.twin import CLIENT_ID, CLIENT_SECRET
from sandbox.smartdok.billing import DiscountReading

SMARTDOK_PORT = 8702
FORTNOX_PORT = 8701


@dataclass(frozen=True)
class Tenant:
    """`id` is the company's number in the SmartDok twin, `discount_reading` how it reads discounts (I7)."""

    slug: str
    name: str
    organisation_number: str
    smartdok_token: str
    fortnox_tenant_id: int
    id: int
    town: str
    zip_code: str
    discount_reading: DiscountReading


TENANTS = (
    Tenant(
        slug="ostanbygg",
        name="Östanbygg AB",
        organisation_number="556812-4472",
        smartdok_token="demo-smartdok-token-ostanbygg",
        fortnox_tenant_id=1400101,
        id=1,
        town="Gävle",
        zip_code="803 20",
        discount_reading="percent",
    ),
    Tenant(
        slug="maltes-mark",
        name="Maltes Mark & Maskin AB",
        organisation_number="559104-2287",
        smartdok_token="demo-smartdok-token-maltes-mark",
        fortnox_tenant_id=1400202,
        id=2,
        town="Växjö",
        zip_code="352 30",
        discount_reading="amount",
    ),
)


def credentials() -> dict[str, Any]:
    """What `python -m sandbox --credentials` prints."""
    return {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "tenants": [
            {
                "slug": tenant.slug,
                "name": tenant.name,
                "smartdok_token": tenant.smartdok_token,
                "fortnox_tenant_id": tenant.fortnox_tenant_id,
            }
            for tenant in TENANTS
        ],
    }
