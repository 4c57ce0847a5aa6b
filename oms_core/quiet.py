"""Failures that are expected are no errors in the log: a unique key that decides between two workers is doing its work.

Odoo's own ``mute_logger`` swaps the handlers of the logger for the whole process. Jobs and requests run side by side in
threads here, so one of two that overlap would put back what the other had muted, and mute the log for good.
"""

import logging
import threading
from contextlib import contextmanager

_thread = threading.local()


class _NotWhereExpected(logging.Filter):
    def filter(self, record):
        return not getattr(_thread, "depth", 0)


logging.getLogger("odoo.sql_db").addFilter(_NotWhereExpected())


@contextmanager
def quiet_sql():
    """Keep refused queries of this thread out of the log; whoever uses this catches the failure and says what it means."""
    _thread.depth = getattr(_thread, "depth", 0) + 1
    try:
        yield
    finally:
        _thread.depth -= 1
