"""What goes wrong between a process and PostgreSQL whatever is asked: a loop in the background tries again."""

import asyncpg

LOST = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""For `except`. The last one is the driver's when it is asked while the end of a broken answer is still to come."""
