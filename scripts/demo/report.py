"""Run in ``odoo shell``: what happened, in words that a merchant understands; read from the database, nothing else."""


def heading(text):
    print(f"\n{text}\n{'-' * len(text)}")


def money(amount, currency):
    return f"{amount:,.{currency.decimal_places}f} {currency.name}"


def orders(env):
    captured = env["sale.order"].search([("oms_channel_id", "!=", False)], order="oms_number")
    held = captured.filtered("oms_on_hold")
    called_off = captured.filtered(lambda order: order.state == "cancel")
    clean = captured - held - called_off
    exact = captured.filtered(
        lambda order: not order.currency_id.compare_amounts(order.amount_total, order.oms_channel_total)
    )
    heading("Orders in")
    shops = ", ".join(captured.oms_channel_id.mapped("name"))
    print(f"{len(captured)} orders from {shops}: {len(clean)} went through without a touch, {len(held)} are on hold,")
    print(f"{len(called_off)} had been called off in the shop already.")
    silent = captured - exact - held
    print(f"{len(exact)} come to the channel's total to the cent; {len(silent)} differ without a hold.")
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
        print(f"{order.oms_number}  {labels[order.oms_status]:<14}{order.oms_sourcing_sentence}")


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


def main(env):
    env = env(user=env.ref("base.user_admin").id)
    orders(env)
    returns(env)
    if books(env):
        raise SystemExit("The trial balance is not zero.")


main(env)  # noqa: F821 - odoo shell provides env
