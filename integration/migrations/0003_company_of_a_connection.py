from typing import Any

from django.db import migrations, models

KEYS = {"smartdok": "company_id", "fortnox": "tenant_id"}


def take_over(apps: Any, schema_editor: Any) -> None:
    """What connections have told so far. Two of one company: whichever works, or was first, has it."""
    taken: set[tuple[str, str]] = set()
    rows = apps.get_model("integration", "Connection").objects.order_by("pk")
    for row in sorted(rows, key=lambda each: each.state != "connected"):
        name = KEYS.get(row.system, "")
        key = str(row.options.get(name) or row.params.get(name) or "").strip()[:100]
        if key and (row.system, key) not in taken:
            taken.add((row.system, key))
            row.company = key
            row.save(update_fields=["company"])


class Migration(migrations.Migration):
    dependencies = [("integration", "0002_member_words")]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="company",
            field=models.CharField(blank=True, editable=False, max_length=100),
        ),
        migrations.AddField(
            model_name="connection",
            name="company_name",
            field=models.CharField(blank=True, editable=False, max_length=200),
        ),
        migrations.RunPython(take_over, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.UniqueConstraint(
                condition=~models.Q(company=""), fields=("system", "company"), name="one_tenant_per_company"
            ),
        ),
    ]
