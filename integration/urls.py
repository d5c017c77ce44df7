"""Addresses of `integration`, below /connect/."""

from django.urls import path

from integration.views import callback, connect

app_name = "integration"
urlpatterns = [
    path("callback/", callback, name="callback"),
    path("<int:pk>/", connect, name="connect"),
]
