"""Runnable twins of the SmartDok and Fortnox APIs. The application imports nothing of them, and they nothing of it.

    with Twins(empty=False) as twins:
        twins.credentials                              # as `python -m sandbox --credentials` prints them
        both = twins.tenant("ostanbygg")
        both.smartdok.add_customer(CustomerNumber="1001", CustomerName="Bygg AB")
        both.fortnox.customers["1001"]["Name"]
        twins.fortnox.faults.add("reset-after", "POST", "/3/invoices")

`python -m sandbox` runs them for people: see `sandbox.__main__`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from sandbox import fortnox, smartdok
    from sandbox.data import DemoTenant, Tenant, Trouble


@dataclass(frozen=True)
class TenantTwin:
    """One tenant's company at either vendor, and the troubles planted there at the first start."""

    tenant: Tenant
    smartdok: smartdok.Company
    fortnox: fortnox.Company
    troubles: tuple[Trouble, ...]


class Twins:
    """Both twins with the two tenants of the demo; a context manager, or `start()` and `stop()`.

    `empty`: no demo data, only what new companies have. `limit`: Fortnox counts requests and answers 429. `latency`:
    seconds per request. Port 0 takes a free one. `today`: the day that the demo data counts back from. `data_dir`: the
    state is kept there and continued from; `empty` and `today` are those of the first start then.

    Raises `sandbox.server.PortTaken` on start.
    """

    def __init__(
        self,
        *,
        empty: bool = True,
        limit: bool = True,
        latency: float = 0.0,
        fortnox_port: int = 0,
        smartdok_port: int = 0,
        today: dt.date | None = None,
        data_dir: Path | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        # Imported here: the parts of this package import each other through it.
        from sandbox import data  # noqa: PLC0415
        from sandbox.fortnox import FortnoxTwin  # noqa: PLC0415
        from sandbox.smartdok import SmartDokTwin  # noqa: PLC0415

        start = data.first_start(data_dir, today or data.this_day(), empty)
        self.today = start.today
        self._demo: list[DemoTenant] = data.empty() if start.empty else data.generate(today=start.today)
        self.credentials: dict[str, Any] = data.credentials()
        self.smartdok = SmartDokTwin(
            [demo.smartdok for demo in self._demo],
            host=host,
            port=smartdok_port,
            latency=latency,
            data_file=data_dir / "smartdok.pickle" if data_dir else None,
        )
        self.fortnox = FortnoxTwin(
            [demo.fortnox for demo in self._demo],
            limit=limit,
            client_id=self.credentials["client_id"],
            client_secret=self.credentials["client_secret"],
            host=host,
            port=fortnox_port,
            latency=latency,
            data_file=data_dir / "fortnox.pickle" if data_dir else None,
        )

    def start(self) -> Self:
        self.fortnox.start()
        try:
            self.smartdok.start()
        except BaseException:
            self.fortnox.stop()
            raise
        return self

    def stop(self) -> None:
        self.smartdok.stop()
        self.fortnox.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()

    def tenant(self, slug: str) -> TenantTwin:
        """Both companies of a tenant. Raises KeyError."""
        for demo in self._demo:
            if demo.tenant.slug == slug:
                return TenantTwin(
                    demo.tenant,
                    self.smartdok.company(demo.tenant.smartdok_token),
                    self.fortnox.company(demo.tenant.fortnox_tenant_id),
                    demo.troubles,
                )
        raise KeyError(slug)
