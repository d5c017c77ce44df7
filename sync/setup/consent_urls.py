"""Addresses of consents, below /connect/."""

from django.urls import path

from sync.setup.consent import begin, callback

app_name = "consent"
urlpatterns = [
    path("callback/", callback, name="callback"),
    path("<int:pk>/", begin, name="begin"),
]
