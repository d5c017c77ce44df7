"""Addresses of `sync`."""

from django.urls import path

from sync.views import document

app_name = "sync"
urlpatterns = [path("documents/<str:token>/<str:name>", document, name="document")]
