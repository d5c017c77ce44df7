"""Addresses of set-ups, below /start/."""

from django.urls import path, re_path

from sync.setup import views

app_name = "setup"
urlpatterns = [
    path("<str:token>/", views.start, name="start"),
    path("<str:token>/connect/<slug:system>/", views.connect, name="connect"),
    path("<str:token>/settings/", views.settings, name="settings"),
    path("<str:token>/preflight/", views.check, name="preflight"),
    path("<str:token>/preflight/progress/", views.check_progress, name="progress"),
    path("<str:token>/preflight/adopt/", views.adopt, name="adopt"),
    re_path(r"^(?P<token>[^/]+)/preflight/download\.(?P<kind>xlsx|csv)$", views.download, name="download"),
    path("<str:token>/go/", views.go, name="go"),
    path("<str:token>/done/", views.done, name="done"),
]
