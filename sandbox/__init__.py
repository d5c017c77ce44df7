"""Runnable twins of the SmartDok and Fortnox APIs. Nothing of the application imports them, and they import nothing
of it."""
