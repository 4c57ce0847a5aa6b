"""Which parcels an invoice is for, and what the goods in them did cost."""

from .money import ZERO


def cost_of_next(parcels, earlier, quantity):
    """What the next pieces did cost, where those that left first were invoiced first.

    :param parcels: [(pieces, their value)] in the order in which they left.
    :param earlier: pieces that are invoiced already, also those that were credited since.
    :param quantity: pieces that are invoiced now.
    :return: their value; pieces that have not left yet, or are charged again, count what all that left did cost on average.
        ``None`` when nothing has left: then nothing is known.
    """
    left = sum((pieces for pieces, _value in parcels), ZERO)
    if not left:
        return None
    cost, skip, wanted = ZERO, earlier, quantity
    for pieces, value in parcels:
        if not pieces:
            continue
        here = max(ZERO, min(pieces - skip, wanted))
        skip = max(ZERO, skip - pieces)
        wanted -= here
        cost += value * here / pieces
    return cost + wanted * sum((value for _pieces, value in parcels), ZERO) / left
