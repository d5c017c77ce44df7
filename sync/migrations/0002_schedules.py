"""The beat schedules, to be changed in the admin: what is there already stays as an operator set it."""

from django.db import migrations

SCHEDULES = {
    # name, task, every so many seconds
    "Byggbro: tick": ("sync.tick", 5),
    "Byggbro: sweep": ("sync.sweep", 30),
    "Byggbro: connection health": ("sync.health", 300),
}


def create(apps, schema_editor):
    Interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    Task = apps.get_model("django_celery_beat", "PeriodicTask")
    for name, (task, seconds) in SCHEDULES.items():
        interval = Interval.objects.filter(every=seconds, period="seconds").first()
        interval = interval or Interval.objects.create(every=seconds, period="seconds")
        # A tick that nobody took is worth nothing once the next one is due.
        Task.objects.get_or_create(name=name, defaults={"task": task, "interval": interval, "expire_seconds": seconds})


def remove(apps, schema_editor):
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=SCHEDULES).delete()


class Migration(migrations.Migration):
    dependencies = [("sync", "0001_initial"), ("django_celery_beat", "0019_alter_periodictasks_options")]
    operations = [migrations.RunPython(create, remove)]
