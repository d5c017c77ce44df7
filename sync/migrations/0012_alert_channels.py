"""The operator's channel is told by columns of its own; what was told so far was told there too."""

from django.db import migrations, models
from django.db.models import F


def told(apps, schema_editor):
    apps.get_model("sync", "Problem").objects.update(
        posted_open_at=F("told_open_at"), posted_closed_at=F("told_closed_at")
    )


class Migration(migrations.Migration):
    dependencies = [("sync", "0011_counting")]
    operations = [
        migrations.AddField("problem", "posted_open_at", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField("problem", "posted_closed_at", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.RunPython(told, migrations.RunPython.noop),
    ]
