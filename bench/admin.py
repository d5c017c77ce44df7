"""How fast the admin's pages are with 100,000 items: `python -m bench.admin [ITEMS]`.

Makes ten companies with the items spread over them, in a database of its own under BYGGBRO_DATA, and asks every list,
the overviews, the search and one page of each kind three times as an operator and as a member. Prints queries and the
median in milliseconds; exits 1 when a list takes more than 15 queries or 300 ms.
"""

import os
import statistics
import sys
import time
from typing import Any

MOST_QUERIES = 15
MOST_MS = 300.0
COMPANIES = 10
TIMES = 3

_ITEMS = """
INSERT INTO sync_item (tenant_id, pipeline_id, source_id, key, title, state, reason, cause, params, needs, tries,
    moved_at, record, fingerprint, memo, read_at, missed, target_id, target_key, target_label, adopted, sent,
    sent_record, sent_fingerprint, sent_at, notes, created_at, doubted)
SELECT p.tenant_id, p.id, n::text, (10000 + n)::text, 'Kund ' || md5(n::text) || ' AB',
    (ARRAY['done','done','done','done','done','done','done','waiting','stopped','left_out'])[1 + n %% 10],
    (ARRAY['','','','','','','','need','data','left_out'])[1 + n %% 10],
    (ARRAY['','','','','','','','I5','P2','A2.not_needed'])[1 + n %% 10],
    '{"number": "1", "names": ["kund 1"]}', '{}', 0, now() - n * interval '1 minute',
    jsonb_build_object('name', repeat(md5(n::text), 20)), md5(n::text), '{}', now(), 0,
    CASE WHEN n %% 10 < 7 THEN n::text ELSE '' END, '',
    CASE WHEN n %% 10 < 7 THEN (500000 + n)::text ELSE '' END, false,
    jsonb_build_object('Name', repeat(md5(n::text), 10)), NULL, '', now() - n * interval '1 minute', '[]', now(), false
FROM generate_series(1, %s) n
JOIN LATERAL (SELECT id, tenant_id, row_number() OVER (ORDER BY id) r FROM sync_pipeline) p
    ON p.r = 1 + n %% %s
"""
_ATTEMPTS = """
INSERT INTO sync_attempt (item_id, tenant_id, started_at, finished_at, actor, operation, payload, outcome, cause,
    params)
SELECT id, tenant_id, now() - (id % 43200) * interval '1 minute', now(), 'byggbro', 'create', '{"Name": "x"}', 'done',
    '', '{}' FROM sync_item WHERE target_id <> ''
"""
_DOCUMENTS = """
INSERT INTO sync_document (item_id, tenant_id, kind, name, content_type, size, sha256, path, created_at,
    address, fetched)
SELECT id, tenant_id, 'original', 'Faktura ' || md5(id::text) || '.pdf', 'application/pdf', 10000,
    md5(id::text) || md5(key), '', now(), '', '' FROM sync_item
"""


def fill(items: int) -> None:
    """A database with all of it, unless there is one."""
    from django.core.management import call_command  # noqa: PLC0415

    from sync.models import Attempt, Item  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    if Item.objects.count() < items or not Attempt.objects.exists():
        spread(items)


def spread(items: int) -> None:
    """Companies, items, attempts, documents, problems; what the planner knows of them."""
    from django.db import connection  # noqa: PLC0415

    from integration.models import Tenant  # noqa: PLC0415
    from sync.engine import problems  # noqa: PLC0415
    from sync.engine.onboarding import add_tenant  # noqa: PLC0415
    from sync.models import Pipeline  # noqa: PLC0415

    for number in range(COMPANIES):
        add_tenant(f"bolag-{number}", f"Bolag {number} AB", {"smartdok": {"token": "x"}, "fortnox": {"tenant_id": "1"}})
    with connection.cursor() as cursor:
        cursor.execute(_ITEMS, [items, Pipeline.objects.count()])
        cursor.execute(_ATTEMPTS)
        cursor.execute(_DOCUMENTS)
        cursor.execute("VACUUM ANALYZE")
    for tenant in Tenant.objects.all():
        problems.refresh(tenant)


def pages() -> list[tuple[str, str]]:
    """Name and address of every page to be asked; the lists first."""
    from django.contrib import admin  # noqa: PLC0415
    from django.urls import reverse  # noqa: PLC0415

    from sync.models import Document, Item, Problem  # noqa: PLC0415

    lists = []
    for model in admin.site._registry:
        meta = model._meta
        lists.append((f"list {meta.model_name}", reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")))
    items = reverse("admin:sync_item_changelist")
    attempts, documents = (reverse(f"admin:sync_{name}_changelist") for name in ("attempt", "document"))
    item, problem = Item.objects.filter(state="stopped")[0], Problem.objects.order_by("-count")[0]
    lists += [
        ("list item, filtered", f"{items}?state=stopped&flow=customers"),
        ("list item, by number", f"{items}?q=55555"),
        ("list item, by name", f"{items}?q=c4ca42"),
        ("list item, page 900", f"{items}?p=900"),
        ("list item, by company", f"{items}?tenant=bolag-3"),
        *[(f"list item, sorted {column}", f"{items}?o={column}") for column in (1, 2, 5, -8)],
        *[(f"list attempt, sorted {column}", f"{attempts}?o={column}") for column in (1, -1)],
        ("list attempt, by number", f"{attempts}?q=55550"),
        ("list attempt, nothing", f"{attempts}?q=finns+inte"),
        *[(f"list document, sorted {column}", f"{documents}?o={column}") for column in (1, -6)],
        ("list document, by name", f"{documents}?q=c4ca42"),
        ("list document, by hash", f"{documents}?q={Document.objects.all()[0].sha256}"),
        ("overview", reverse("admin:index")),
        ("search, number", f"{reverse('admin:sync_find')}?q=55555&stay"),
        ("search, part of a name", f"{reverse('admin:sync_find')}?q=c4ca42&stay"),
        ("search, nothing", f"{reverse('admin:sync_find')}?q=finns+inte"),
        ("search, two letters", f"{reverse('admin:sync_find')}?q=AB"),
    ]
    return [
        *lists,
        ("item", reverse("admin:sync_item_change", args=[item.pk])),
        ("problem", reverse("admin:sync_problem_change", args=[problem.pk])),
        ("causes", reverse("admin:sync_causes")),
    ]


def measure(client: Any, address: str) -> tuple[int, int, float]:
    """Status, queries, and the median of the milliseconds."""
    from django.db import connection  # noqa: PLC0415

    asked: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        status = client.get(address).status_code
    spent = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        client.get(address)
        spent.append(1000 * (time.perf_counter() - begun))
    return status, len(asked), statistics.median(spent)


def main(items: int) -> int:
    """The table, and whether all lists are fast."""
    os.environ.setdefault("BYGGBRO_DATA", str(os.path.abspath(".data/bench")))
    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "CRITICAL", "ALLOWED_HOSTS": "testserver"}
    import django  # noqa: PLC0415

    django.setup()
    from django.contrib.auth.models import User  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from integration.models import Membership, Tenant  # noqa: PLC0415

    fill(items)
    operator, _ = User.objects.get_or_create(username="bench-operator", is_staff=True, is_superuser=True)
    member, _ = User.objects.get_or_create(username="bench-member", is_staff=True)
    Membership.objects.get_or_create(user=member, tenant=Tenant.objects.order_by("pk")[0], role="bookkeeper")
    slow = 0
    for user in (operator, member):
        client = Client()
        client.force_login(user)
        for name, address in pages():
            status, queries, ms = measure(client, address)
            over = name.startswith(("list", "overview", "search")) and (queries > MOST_QUERIES or ms > MOST_MS)
            slow += over
            print(
                f"{user.username:<15} {name:<28} {status} {queries:>3} queries {ms:>7.0f} ms{'  SLOW' if over else ''}"
            )
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
