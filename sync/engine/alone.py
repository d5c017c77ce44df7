"""One process at a time on an item, whatever clocks and leases say: a lock of the database session, which ends with it.

A lease that ran out says that another worker may take over; it does not say that the one before has ended. It may be
frozen, or a clock may have jumped while its request was under way.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError, connection


@contextmanager
def alone_with(item_id: int) -> Iterator[bool]:
    """True when no other session of the database is at work on the item."""
    name = f"item:{item_id}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
        (mine,) = cursor.fetchone()
    try:
        yield mine
    finally:
        if mine:
            with suppress(DatabaseError), connection.cursor() as cursor:  # without the session there is no lock either
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])
