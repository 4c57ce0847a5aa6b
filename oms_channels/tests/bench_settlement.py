"""What it costs to take in, book and settle a payout of many lines. Used by ``scripts/bench`` and by a test of few lines."""

import resource
import time
from datetime import date, datetime, timezone
from decimal import Decimal

from odoo.tools import SQL

from ..domain.settlement import PayoutDoc, PayoutLine
from ..models.oms_settlement_work import IN_WORK

#: What each order is for, and what the channel takes of it.
PAID, FEE = Decimal("24.00"), Decimal("-2.40")


def sold_order(env, channel):
    """An order of the channel over 24.00 whose payment is booked and waits on the clearing account."""
    partner = env["res.partner"].create({"name": "Bench"})
    product = env["product.product"].create({"name": "Bench", "type": "service", "list_price": 24.0, "taxes_id": False})
    order = env["sale.order"].create(
        {
            "partner_id": partner.id,
            "oms_channel_id": channel.id,
            "order_line": [(0, 0, {"product_id": product.id, "price_unit": 24.0, "tax_ids": False})],
        }
    )
    provider = channel._get_payment_provider()
    transaction = env["payment.transaction"].create(
        {
            "provider_id": provider.id,
            "payment_method_id": env.ref("payment.payment_method_unknown").id,
            "reference": "bench",
            "provider_reference": "tx-bench",
            "amount": 24.0,
            "currency_id": channel.company_id.currency_id.id,
            "partner_id": partner.id,
            "state": "done",
            "sale_order_ids": [(6, 0, order.ids)],
        }
    )
    order.sudo()._oms_book_transaction(transaction.sudo(), channel.clearing_journal_id)  # sudo: as the job books it
    return order


def clone(env, record, count, **columns):
    """``count`` copies of a row, straight in the database: a booked order is what it is however it came there.

    :param columns: SQL of the columns that differ, in which ``n`` counts from 1.
    :return: the id before the first copy's; the copies have the ``count`` ids after it.
    """
    table = SQL.identifier(record._table)
    env.flush_all()
    ((first,),) = env.execute_query(
        SQL(
            "SELECT setval(pg_get_serial_sequence(%s, 'id'), (SELECT max(id) FROM %s) + %s) - %s",
            record._table,
            table,
            count,
            count,
        )
    )
    values = [SQL("'id', %s + n", first)]
    values += [SQL("%s, %s", name, value) for name, value in columns.items()]
    env.cr.execute(
        SQL(
            "INSERT INTO %s SELECT made.* FROM %s row, generate_series(1, %s) n, "
            "LATERAL jsonb_populate_record(row, jsonb_build_object(%s)) made WHERE row.id = %s",
            table,
            table,
            count,
            SQL(", ").join(values),
            record.id,
        )
    )
    # A foreign key is looked up as was planned when its table had a few rows: row by row, unless it is counted anew.
    env.cr.execute(SQL("ANALYZE %s", table))
    return first


def make_booked(env, order, count):
    """Copies of an order whose one payment waits on the clearing account.

    :return: (the order's id on the channel, the reference of its payment) of each.
    """
    transaction = order.transaction_ids
    payment = transaction.payment_id
    entry = payment.move_id
    orders = clone(
        env, order, count, oms_external_id=SQL("'many-' || n"), oms_number=SQL("'M' || n"), name=SQL("'MANY' || n")
    )
    payments = clone(
        env, payment, count, name=SQL("'PMANY' || n"), oms_key=SQL("'payment:many-' || n"), move_id=SQL("NULL")
    )
    transactions = clone(
        env,
        transaction,
        count,
        reference=SQL("'many-' || n"),
        provider_reference=SQL("'tx-many-' || n"),
        payment_id=SQL("%s + n", payments),
    )
    entries = clone(
        env,
        entry,
        count,
        name=SQL("'MANY/' || n"),
        sequence_number=SQL("1000000 + n"),
        origin_payment_id=SQL("%s + n", payments),
    )
    for item in entry.line_ids:
        # As if no invoice were there: only what is on the clearing account matters.
        clone(
            env,
            item,
            count,
            move_id=SQL("%s + n", entries),
            move_name=SQL("'MANY/' || n"),
            payment_id=SQL("%s + n", payments),
        )
    env.cr.execute(
        "UPDATE account_payment SET move_id = id - %s, payment_transaction_id = id - %s WHERE id > %s AND id <= %s",
        [payments - entries, payments - transactions, payments, payments + count],
    )
    env.cr.execute(
        "INSERT INTO sale_order_transaction_rel (sale_order_id, transaction_id) "
        "SELECT %s + n, %s + n FROM generate_series(1, %s) n",
        [orders, transactions, count],
    )
    env.invalidate_all()
    return [(f"many-{n}", f"tx-many-{n}") for n in range(1, count + 1)]


def payout_of(booked, name="many"):
    """A payout of these orders: of each what was paid, and the fee."""
    rows = []
    for number, (order_ref, reference) in enumerate(booked):
        rows.append(PayoutLine(f"{name}-s{number}", 2 * number, "sale", PAID, order_ref, reference))
        rows.append(PayoutLine(f"{name}-f{number}", 2 * number + 1, "fee", FEE, order_ref, code="commission"))
    return PayoutDoc(
        id=name,
        platform="manual",
        account_ref="",
        currency="EUR",
        starts_at=datetime(2026, 3, 1, tzinfo=timezone.utc),
        ends_at=datetime(2026, 3, 15, tzinfo=timezone.utc),
        deposited_on=date(2026, 3, 16),
        total=(PAID + FEE) * len(booked),
        lines=tuple(rows),
    )


def measure_settlement(env, channel, order, lines):
    """Take in, book and settle a payout of so many lines, half of them sales and half fees.

    :return: seconds, queries and memory (MB, of the whole process at most) of each step; where it is large, how many pieces the
        job has done, how long the longest took, and how long somebody waits for the report to be kept.
    """
    doc = payout_of(make_booked(env, order, lines // 2))
    settlements = env["oms.settlement"]
    result = {"lines": len(doc.lines)}

    def timed(name, step):
        env.flush_all()
        queries, started = env.cr.sql_log_count, time.perf_counter()
        value = step()
        env.flush_all()
        result[f"{name}_s"] = round(time.perf_counter() - started, 2)
        result[f"{name}_queries"] = env.cr.sql_log_count - queries
        return value

    def work(settlement):
        """As the job does, but that nothing is committed."""
        while settlement.state in IN_WORK:
            started = time.perf_counter()
            settlement._by_program()._work()
            env.flush_all()
            env.invalidate_all()
            result["piece_s"] = round(max(result.get("piece_s", 0), time.perf_counter() - started), 2)
            result["pieces"] = result.get("pieces", 0) + 1

    result["problems"] = len(timed("look", lambda: settlements._take_problems(channel, [doc])[0]))

    def take():
        started = time.perf_counter()
        settlement = settlements._take(channel, [doc])
        result["wait_s"] = round(time.perf_counter() - started, 2)
        work(settlement)
        return settlement

    settlement = timed("take", take)

    def post():
        settlement.action_post()
        work(settlement)

    timed("post", post)
    clearing = settlement.move_id.line_ids.filtered(
        lambda item: item.account_id in channel._oms_get_clearing_accounts()
    )
    result["settled"] = len((clearing.matched_debit_ids.debit_move_id).filtered("reconciled"))
    result["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return result
