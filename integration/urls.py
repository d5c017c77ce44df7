"""Addresses of `integration`."""

app_name = "integration"
urlpatterns: list[object] = []
