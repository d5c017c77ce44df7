"""django-celery-beat's schedules, for operators: when the tick, the sweep and the health check run."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django_celery_beat.admin import ClockedScheduleAdmin as BaseClockedScheduleAdmin
from django_celery_beat.admin import CrontabScheduleAdmin as BaseCrontabScheduleAdmin
from django_celery_beat.admin import PeriodicTaskAdmin as BasePeriodicTaskAdmin
from django_celery_beat.admin import PeriodicTaskForm, TaskSelectWidget
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from integration.scoping import OperatorsOnly

for model in (ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule):
    admin.site.unregister(model)


class _TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):
    """The list of tasks in the style of the other pages."""


class _TaskForm(PeriodicTaskForm):
    """The form of django-celery-beat with our style of inputs."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = _TaskSelect()


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(OperatorsOnly, BasePeriodicTaskAdmin, ModelAdmin):
    """What runs when."""

    form = _TaskForm

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without the sun, and without a text that is only ever English."""
        unused = {"solar", "crontab_translation"}
        return [
            (title, {**options, "fields": [each for each in options["fields"] if each not in unused]})
            for title, options in super().get_fieldsets(request, obj)
        ]


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(OperatorsOnly, ModelAdmin):
    """Every so many seconds, minutes …"""


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(OperatorsOnly, BaseCrontabScheduleAdmin, ModelAdmin):
    """At set times of day, week or month."""


@admin.register(ClockedSchedule)
class ClockedScheduleAdmin(OperatorsOnly, BaseClockedScheduleAdmin, ModelAdmin):
    """Once, at a moment."""
