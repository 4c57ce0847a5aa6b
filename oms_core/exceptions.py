"""Why a message could not be worked off. Raised by parsers and appliers, turned into states by ``oms.message``."""


class MessageRejected(Exception):
    """No retry can help: a person has to correct something first. The text says what."""


class MessageRetry(Exception):
    """Too early: what the message refers to is not here yet, or somebody else holds it. Try again later."""


class MessageIgnored(Exception):
    """Understood, and there is nothing to do. The text says why."""
