"""Beat schedules for mails about problems: soon after one opens or closes, and a summary every morning."""

from django.db import migrations

ALERTS, DIGEST = "Byggbro: alerts", "Byggbro: daily summary"


def create(apps, schema_editor):
    Interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    Crontab = apps.get_model("django_celery_beat", "CrontabSchedule")
    Task = apps.get_model("django_celery_beat", "PeriodicTask")
    minute = Interval.objects.filter(every=60, period="seconds").first()
    minute = minute or Interval.objects.create(every=60, period="seconds")
    morning, _ = Crontab.objects.get_or_create(
        minute="0", hour="7", day_of_week="*", day_of_month="*", month_of_year="*", timezone="Europe/Stockholm"
    )
    Task.objects.get_or_create(name=ALERTS, defaults={"task": "sync.alerts", "interval": minute, "expire_seconds": 60})
    Task.objects.get_or_create(name=DIGEST, defaults={"task": "sync.digest", "crontab": morning})


def remove(apps, schema_editor):
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=[ALERTS, DIGEST]).delete()


class Migration(migrations.Migration):
    dependencies = [("sync", "0004_problems")]
    operations = [migrations.RunPython(create, remove)]
