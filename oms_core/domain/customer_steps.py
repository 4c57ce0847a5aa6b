"""Where an order stands in the eyes of its customer: four steps, and no word about what keeps a clerk busy.

>>> view = steps("sourced", collected=False)
>>> [(step.code, step.state) for step in view]
[('received', 'done'), ('preparing', 'now'), ('underway', 'open'), ('delivered', 'open')]
"""

from __future__ import annotations

from dataclasses import dataclass

#: {status of an order: how many steps are done, whether the next one has begun}. What holds an order is not the customer's.
PROGRESS = {
    "received": (1, False),
    "held": (1, False),
    "waiting": (1, True),
    "sourced": (1, True),
    "picking": (1, True),
    "partial": (2, True),
    "ready": (3, False),
    "shipped": (2, True),
    "delivered": (4, False),
    "collected": (4, False),
    "returned_part": (4, False),
    "returned": (4, False),
    "done": (4, False),
}

SHIPPED = ("received", "preparing", "underway", "delivered")
COLLECTED = ("received", "preparing", "ready", "collected")


@dataclass(frozen=True, slots=True)
class Step:
    """
    :param code: which step.
    :param state: ``done``, ``now`` or ``open``.
    """

    code: str
    state: str


def steps(status: str, collected: bool) -> tuple[Step, ...]:
    """The steps of an order, in their order; none when it is cancelled.

    :param collected: whether the customer comes for the goods.
    """
    if status not in PROGRESS:
        return ()
    done, begun = PROGRESS[status]
    if collected and status == "shipped":
        done, begun = 2, True  # on its way to the store; it is not there yet
    return tuple(
        Step(code, "done" if number < done else "now" if number == done and begun else "open")
        for number, code in enumerate(COLLECTED if collected else SHIPPED)
    )
