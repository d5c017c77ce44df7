"""Two companies with something in every table, and people in every role."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from integration.models import Connection, Membership, Tenant, ValueMap
from integration.records import Customer, dump, fingerprint
from sync import documents
from sync.engine import problems
from sync.engine.onboarding import add_tenant
from sync.models import Act, Attempt, DryRun, Item, Preflight, Recipient, SetupLink, Transition

SECRET = "sd-mycket-hemlig-nyckel"


def company(slug: str, name: str) -> Tenant:
    """A company with connections, pipelines, a value, and an item with an attempt, a
    transition, a document and a problem, an act, a dry run, a preflight, a set-up link, somebody who is mailed."""
    fields = {"smartdok": {"token": SECRET}, "fortnox": {"tenant_id": "4711"}}
    tenant, _ = add_tenant(slug, name, fields, datetime.date(2026, 1, 1))
    ValueMap.objects.create(tenant=tenant, kind="unit", source="lass", target=f"LASS-{slug}")
    item = add_item(tenant, "1001", f"Kund hos {slug}", state="stopped", reason="conflict", cause="C4",
                    params={"number": "1001", "others": ["Annan AB (id 2)"]})  # fmt: skip
    Attempt.objects.create(item=item, tenant=tenant, actor="byggbro", operation="create", outcome="failed",
                           cause="fortnox.2000401", payload={"Name": f"Kund hos {slug}"})  # fmt: skip
    Transition.objects.create(item=item, tenant=tenant, actor="byggbro", before="running", after="stopped", cause="C4")
    documents.store(item, f"{slug}.pdf", b"%PDF-1.4 " + slug.encode())
    problems.refresh(tenant)
    Act.objects.create(tenant=tenant, kind="retry", actor=f"nagon-hos-{slug}", ids=[item.pk])
    DryRun.objects.create(tenant=tenant, flow="customers", actor=f"nagon-hos-{slug}")
    Preflight.objects.create(tenant=tenant, actor=f"nagon-hos-{slug}")
    SetupLink.objects.create(tenant=tenant, token_hash=slug, created_by="operator",
                             expires_at=timezone.now() + datetime.timedelta(days=7))  # fmt: skip
    Recipient.objects.create(tenant=tenant, email=f"ekonomi@{slug}.se")
    return tenant


def add_item(tenant: Tenant, number: str, title: str, flow: str = "customers", **fields: Any) -> Item:
    """An item with a customer's record, whatever its flow: lists do not look inside."""
    pipeline = tenant.pipelines.get(flow=flow)
    record = dump(Customer(source_id=f"s{number}", number=number, name=title))
    return Item.objects.create(
        tenant=tenant, pipeline=pipeline, source_id=f"s{number}", key=number, title=title, record=record,
        fingerprint=fingerprint(record), moved_at=timezone.now(), **fields,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def kept(settings: Any, tmp_path: Any) -> None:
    """Documents of a test lie in its own folder."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path, "base_url": None},
        },
    }


@pytest.fixture
def mine(db: None) -> Tenant:
    """The company that the people belong to."""
    return company("mitt", "Mitt Bygg AB")


@pytest.fixture
def other(db: None) -> Tenant:
    """Somebody else's company."""
    return company("annat", "Annat Bygg AB")


@pytest.fixture
def log_in(mine: Tenant) -> Callable[[str], Client]:
    """A browser of somebody with a role in `mine`; `operator` sees everything, `stranger` belongs nowhere."""

    def as_role(role: str) -> Client:
        user = User.objects.create_user(f"en-{role}", password="x", is_staff=True, is_superuser=role == "operator")
        if role not in {"operator", "stranger"}:
            Membership.objects.create(user=user, tenant=mine, role=role)
        client = Client()
        client.force_login(user)
        return client

    return as_role


@pytest.fixture
def connection(mine: Tenant) -> Connection:
    """The company's connection to SmartDok."""
    return mine.connections.get(system="smartdok")
