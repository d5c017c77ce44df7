"""Which numbers a target already has, from one paged list per pass instead of one request per object.

A snapshot only ever saves a look-up: a number that appeared meanwhile is refused by the target and then found.
"""

from typing import Any

from django.core.cache import cache

from integration.systems.base import Writer
from sync.models import Item

SECONDS = 600
WORTH_A_LIST = 3  # unsent items from which one list is cheaper than single look-ups


def known_absent(item: Item, writer: Writer[Any, Any]) -> bool:
    """Whether the target certainly lacked this number within the last ten minutes."""
    if not writer.keyed or item.intent_at or not item.key:
        return False
    name = f"existing:{item.pipeline_id}"
    numbers = cache.get(name)
    if numbers is None:
        due = Item.objects.filter(
            pipeline_id=item.pipeline_id, target_id="", state__in=[Item.State.PENDING, Item.State.RUNNING]
        )
        if due[:WORTH_A_LIST].count() < WORTH_A_LIST:
            return False
        numbers = writer.existing()
        if numbers is None:
            return False
        cache.set(name, numbers, SECONDS)
    return item.key not in numbers


def forget(item: Item) -> None:
    """The snapshot proved wrong."""
    cache.delete(f"existing:{item.pipeline_id}")
