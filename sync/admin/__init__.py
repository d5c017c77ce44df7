"""Admin of what moves: overview, items with their explanations, pipelines, documents, schedules.

One module per page; Django finds them through this package.
"""

from sync.admin import (
    background,
    connections,
    dashboard,
    dry_runs,
    history,
    items,
    pipelines,
    problems,
    schedules,
    tenants,
)

__all__ = [
    "background", "connections", "dashboard", "dry_runs", "history", "items", "pipelines", "problems", "schedules",
    "tenants",
]  # fmt: skip
