"""What a check of the auditor is, what it may look at, and what it says about what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from .domain.books import Event


@dataclass(frozen=True, slots=True)
class Check:
    """A named invariant. It is judged by the method ``_check_<code>`` of ``oms.check``.

    :param proves: one sentence: what is true when the check finds nothing.
    :param leaves_out: what it does not look at, for whoever relies on it; that it looks back a limited time is said by its run.
    :param severity: ``error``: something is booked wrongly or not at all; ``warning``: somebody should look.
    """

    code: str
    name: str
    proves: str
    severity: str = "error"
    leaves_out: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run looks at.

    :param since: documents of this day and later, and orders that something has happened to since.
    :param before: what happened later (UTC) may still be on its way into the books.
    :param limit: violations that are of interest; of more, nobody reads the list.
    """

    since: date
    before: datetime
    limit: int


@dataclass(frozen=True, slots=True)
class Violation:
    """One invariant that does not hold.

    :param documents: (model, id) each, the most telling first. Together they are what the violation is about: the next
        run knows it again by them.
    :param sentence: what is wrong; ``todo``: what a person does next.
    :param amount: by how much, in the company's currency.
    :param order_id: the order whose history shows it, where there is one.
    :param fault: (code, subject) of the fault as ``domain.books`` sees it in that history.
    :param events: facts that no document tells by itself, for that history.
    """

    documents: tuple[tuple[str, int], ...]
    sentence: str
    todo: str
    amount: float = 0.0
    order_id: int | None = None
    fault: tuple[str, str] = ("", "")
    events: tuple[Event, ...] = ()

    @property
    def subject(self) -> str:
        return ";".join(f"{model},{id_}" for model, id_ in self.documents)
