"""Beat schedule for what is kept only for a while."""

from django.db import migrations

NAME = "Byggbro: tidy"


def create(apps, schema_editor):
    Crontab = apps.get_model("django_celery_beat", "CrontabSchedule")
    Task = apps.get_model("django_celery_beat", "PeriodicTask")
    night, _ = Crontab.objects.get_or_create(
        minute="10", hour="2", day_of_week="*", day_of_month="*", month_of_year="*", timezone="Europe/Stockholm"
    )
    Task.objects.get_or_create(name=NAME, defaults={"task": "sync.tidy", "crontab": night})


def remove(apps, schema_editor):
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [("sync", "0012_alert_channels")]
    operations = [migrations.RunPython(create, remove)]
