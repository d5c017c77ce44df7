"""Addresses of `sync`."""

from django.urls import path

from sync.views import document, metrics, webhook

app_name = "sync"
urlpatterns = [
    path("documents/<str:token>/<str:name>", document, name="document"),
    path("webhooks/<slug:system>/<str:secret>", webhook, name="webhook"),
    path("metrics", metrics),
]
