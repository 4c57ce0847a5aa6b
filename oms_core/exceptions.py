"""Why a message could not be worked off. Raised by parsers and appliers, turned into states by ``oms.message``."""

import psycopg2.errors

#: Two transactions met on the same rows. Nothing is wrong with what they did; the next one sees what the other left.
CONCURRENCY_ERRORS = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
    psycopg2.errors.UniqueViolation,
)


class MessageRejected(Exception):
    """No retry can help: a person has to correct something first. The text says what."""


class MessageRetry(Exception):
    """Too early: what the message refers to is not here yet. Try again later.

    :param finally_: the state when it still is not here at the last attempt: ``dead`` or ``ignored``.
    """

    def __init__(self, message, finally_="dead"):
        super().__init__(message)
        self.finally_ = finally_


class MessageIgnored(Exception):
    """Understood, and there is nothing to do. The text says why."""
