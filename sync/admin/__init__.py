"""Admin of what moves: overview, items with their explanations, pipelines, documents, schedules.

One module per page; Django finds them through this package.
"""

from sync.admin import connections, dashboard, history, items, pipelines, schedules, tenants

__all__ = ["connections", "dashboard", "history", "items", "pipelines", "schedules", "tenants"]
