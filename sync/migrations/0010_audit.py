"""What the daily audit found, and its schedule."""

from django.db import migrations, models

NAME = "Byggbro: audit"


def create(apps, schema_editor):
    Crontab = apps.get_model("django_celery_beat", "CrontabSchedule")
    Task = apps.get_model("django_celery_beat", "PeriodicTask")
    night, _ = Crontab.objects.get_or_create(
        minute="40", hour="3", day_of_week="*", day_of_month="*", month_of_year="*", timezone="Europe/Stockholm"
    )
    Task.objects.get_or_create(name=NAME, defaults={"task": "sync.audit", "crontab": night})


def remove(apps, schema_editor):
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [("sync", "0009_desk")]
    operations = [
        migrations.AddField(
            model_name="pipeline",
            name="audit",
            field=models.JSONField(blank=True, default=dict, editable=False, verbose_name="last audit"),
        ),
        migrations.RunPython(create, remove),
    ]
