"""Run in ``odoo shell``: what happened, in words that a merchant understands; read from the database, nothing else."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from demo.proof import prove

#: Statuses of orders whose goods have left.
GONE = ("shipped", "delivered", "collected", "returned", "returned_part")


def heading(text):
    print(f"\n{text}\n{'-' * len(text)}")


def money(amount, currency):
    return f"{amount:,.{currency.decimal_places}f} {currency.name}"


def orders(env):
    every = env["sale.order"].search([("oms_channel_id", "!=", False)], order="oms_number")
    captured = every.filtered("oms_external_id")
    held = captured.filtered("oms_on_hold")
    called_off = captured.filtered(lambda order: order.state == "cancel")
    clean = captured - held - called_off
    exact = captured.filtered(
        lambda order: not order.currency_id.compare_amounts(order.amount_total, order.oms_channel_total)
    )
    heading("Orders in")
    shops = ", ".join(captured.oms_channel_id.mapped("name"))
    print(f"{len(captured)} orders from {shops}: {len(clean)} went on by themselves, {len(held)} are on hold,")
    print(f"{len(called_off)} had been called off in the shop already.")
    silent = (captured - held).filtered(lambda order: order._oms_total_differs())
    print(f"{len(exact)} come to the channel's total to the cent; {len(silent)} differ without a hold.")
    gone = every.filtered(lambda order: order.oms_status in GONE)
    alone = gone.filtered(lambda order: not order.oms_touched)
    print(f"{len(alone)} of {len(gone)} that have left were touched by nobody ({len(alone) / (len(gone) or 1):.0%}).")
    told = env["oms.message"].search([("direction", "=", "out"), ("state", "=", "done")])
    print(f"{len(told)} times the shops were told what was shipped or called off.")
    typed = every - captured
    print(f"{len(typed)} orders of {', '.join(typed.oms_channel_id.mapped('name'))}, which tell no total.")
    heading(f"On hold: {len(held)}")
    for order in held:
        print(f"{order.oms_number}  {money(order.amount_total, order.currency_id):>16}")
        for hold in order.oms_open_hold_ids:
            print(f"      {hold.reason}")
    messages = env["oms.message"].search([("state", "=", "dead")])
    heading(f"Not captured: {len(messages)}")
    for message in messages:
        print(f"      {message.error}")
    heading("Shipped from, and why")
    labels = dict(captured._fields["oms_status"].selection)
    for order in clean.filtered("oms_sourcing_sentence"):
        print(f"{order.oms_number}  {labels[order.oms_status]:<18}{order.oms_sourcing_sentence}")


def in_words(groups, labels):
    """ "3 on its way, 1 delivered" of [(value, count)]"""
    return ", ".join(f"{count} {labels[value].lower()}" for value, count in groups if value and count) or "none"


def floor(env):
    """The day's work in one line for each part."""
    heading("On the floor")
    exceptions = env["oms.exception"].search([])
    kinds = dict(exceptions._fields["kind"].selection)
    for kind, count, amount in sorted(
        env["oms.exception"]._read_group([], ["kind"], ["__count", "amount:sum"]), key=lambda row: -row[2]
    )[:1]:
        total = money(sum(exceptions.mapped("amount")), env.company.currency_id)
        most = f"{count} “{kinds[kind].lower()}” for {money(amount, env.company.currency_id)}"
        print(f"Exceptions    {len(exceptions)}, {total} at risk, the most of it {most}")
    aside = env["oms.reservation"].search([("state", "=", "pending")])
    print(f"Set aside     {sum(aside.mapped('quantity')):g} pieces for {len(aside.order_id)} orders not confirmed yet")
    left = env["sale.order"].search([("oms_channel_id", "!=", False), ("oms_due_at", "!=", False)])
    services = dict(left._fields["oms_service"].selection)
    counted = [(level, sum(order.oms_service == level for order in left)) for level in services if level != "none"]
    print(f"Promises      {in_words(counted, services)}")
    labels = env["oms.shipment.label"]
    parcels = labels._read_group([("state", "=", "bought"), ("purpose", "=", "out")], ["tracking_state"], ["__count"])
    print(f"Parcels       {in_words(parcels, dict(labels._fields['tracking_state'].selection))}")
    board = env["stock.picking"].search([("oms_delivery_method", "in", ("pickup", "curbside"))])
    states = dict(board._fields["oms_board_state"].selection)
    print(
        f"Pickups       {in_words([(s, len(board.filtered(lambda p, s=s: p.oms_board_state == s))) for s in states], states)}"
    )
    events = env["oms.device.event"]
    told = in_words(events._read_group([], ["state"], ["__count"]), dict(events._fields["state"].selection))
    print(f"Devices       {told}")


def returns(env):
    heading("Coming back")
    labels = dict(env["oms.return"]._fields["stage"].selection)
    for record in env["oms.return"].search([], order="id"):
        lines = ", ".join(f"{line.quantity:g} {line.product_id.name}" for line in record.line_ids)
        refunded = money(record.amount_refunded, record.currency_id)
        print(f"{record.name} of {record.order_id.oms_number}: {lines}. {labels[record.stage]}, {refunded} refunded.")


def books(env):
    heading("Journal entries")
    entries = env["account.move"]._read_group(
        [("state", "=", "posted")], ["journal_id"], ["__count", "amount_total_signed:sum"]
    )
    for journal, count, total in entries:
        print(f"{journal.code:<6}{journal.name:<28}{count:>5} entries {total:>14,.2f} {env.company.currency_id.name}")
    failed = env["sale.order"].search([("oms_booking_error", "!=", False)])
    print(f"Orders that could not be booked: {len(failed)}")
    heading("Trial balance")
    rows = env["account.move.line"]._read_group(
        [("parent_state", "=", "posted")], ["account_id"], ["debit:sum", "credit:sum", "balance:sum"]
    )
    for account, debit, credit, balance in rows:
        print(f"{account.code:<8}{account.name:<28}{debit:>14,.2f}{credit:>14,.2f}{balance:>14,.2f}")
    total = env.company.currency_id.round(sum(balance for _account, _debit, _credit, balance in rows))
    print(f"{'':<8}{'Debits less credits':<56}{total + 0.0:>14,.2f}")
    return total


def proof(env):
    """The books in pairs of numbers that are equal, unless somebody has tried something out in the shop."""
    heading("The books agree, without an entry by hand")
    for company in env["oms.channel"].search([]).company_id:
        for what, one, other in prove(env, company):
            verdict = "agrees" if one == other else "DIFFERS"
            print(f"{what:<58}{one:>14,.2f}{other:>14,.2f}  {verdict}")


def main(env):
    env = env(user=env.ref("base.user_admin").id)
    orders(env)
    floor(env)
    returns(env)
    if books(env):
        raise SystemExit("The trial balance is not zero.")
    proof(env)


main(env)  # noqa: F821 - odoo shell provides env
