"""Whose an access is: one tenant's only in each system, and the same company's for as long as things are moved."""

from django.db import connection as database
from django.db import transaction

from integration import registry
from integration.errors import AuthError
from integration.models import Connection, Tenant
from integration.systems.base import Identity


def has_started(tenant: Tenant) -> bool:
    """Whether anything was ever read for the company."""
    return bool(tenant.pipelines.exclude(pulled_at=None).exists())


@transaction.atomic
def claim(connection: Connection, identity: Identity) -> None:
    """Write down which company answered, once for all doors: links, consents, the admin, every check.

    Raises:
        AuthError: another tenant has that company, or this one has moved things for another; nothing is written.
    """
    key = str(identity.details.get(registry.systems[connection.system].company) or "")
    if not key:
        return
    row = Connection.objects.select_for_update().get(pk=connection.pk)
    if row.company != key:
        if row.company and has_started(row.tenant):
            raise AuthError("setup.other_company", system=row.system, company=identity.company)
        _alone(row, key, identity.company)
        row.company, row.company_name = key, ""
        row.save(update_fields=["company", "company_name"])
    connection.company, connection.company_name = row.company, row.company_name


def _alone(row: Connection, key: str, name: str) -> None:
    """Two tenants may connect one company in the same moment: the second waits for the first, and is told.

    Raises:
        AuthError: another tenant has it.
    """
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{row.system}:{key}"])
    if Connection.objects.filter(system=row.system, company=key).exclude(tenant_id=row.tenant_id).exists():
        raise AuthError("setup.company_taken", system=row.system, company=name)
