"""What the web shop's payment service paid out: the orders so far less its fees and a reserve, and the money in the bank."""

from datetime import timedelta, timezone
from decimal import Decimal

from odoo import fields

FEE_PERCENT, FEE_FIXED = Decimal("1.4"), Decimal("0.25")
CENT = Decimal("0.01")
HELD = Decimal("-50.00")


def payouts(env):
    """A payout of everything that waits on the web shop's clearing account, booked, and its line on the bank statement."""
    from odoo.addons.oms_channels.domain.settlement import PayoutDoc, PayoutLine

    channel = env["oms.channel"].search([("code", "=", "WEB")])
    euro = channel.company_id.currency_id
    waiting = env["account.move.line"].search(
        [
            ("account_id", "in", channel._oms_get_clearing_accounts().ids),
            ("reconciled", "=", False),
            ("parent_state", "=", "posted"),
            ("currency_id", "=", euro.id),
        ],
        order="id",
    )
    rows = []
    for item in waiting:
        transaction = item.move_id.origin_payment_id.payment_transaction_id
        order = transaction.sale_order_ids[:1]
        amount = Decimal(str(item.balance)).quantize(CENT)
        refs = {"order_ref": order.oms_number or "", "transaction_ref": transaction.provider_reference or ""}
        kind = "sale" if amount > 0 else "refund"
        rows.append((kind, amount, {**refs, "text": order.partner_id.name or ""}))
        if amount > 0:
            fee = -(amount * FEE_PERCENT / 100 + FEE_FIXED).quantize(CENT)
            rows.append(("fee", fee, {**refs, "code": "card_fee", "text": "Card fee"}))
    if not rows:
        return
    rows.append(("reserve_hold", HELD, {"code": "rolling_reserve", "text": "Held for 30 days"}))
    today = fields.Date.context_today(channel)
    end = fields.Datetime.now()
    doc = PayoutDoc(
        id="PAYOUT-2026-001",
        platform=channel.platform,
        account_ref="",
        currency=euro.name,
        starts_at=_aware(end - timedelta(days=7)),
        ends_at=_aware(end),
        deposited_on=today,
        total=sum((amount for _kind, amount, _values in rows), Decimal(0)),
        lines=tuple(
            PayoutLine(f"demo-{number}", number, kind, amount, **values)
            for number, (kind, amount, values) in enumerate(rows, start=2)
        ),
        bank_reference="MAISONVERTE-001",
        source="demonstration",
    )
    settlement = env["oms.settlement"]._take(channel, [doc])
    settlement.action_post()
    bank = env["account.journal"].search(
        [
            ("type", "=", "bank"),
            ("company_id", "=", channel.company_id.id),
            ("id", "!=", channel.clearing_journal_id.id),
            ("suspense_account_id", "!=", False),
        ],
        order="id",
        limit=1,
    )
    # As the bank's own import would: the administrator of the shop keeps no bank statements.
    env["account.bank.statement.line"].sudo().create(
        {
            "journal_id": bank.id,
            "date": today,
            "amount": float(doc.total),
            "payment_ref": f"SEPA CREDIT PAYMENT SERVICE {doc.bank_reference}",
        }
    )


def _aware(moment):
    return moment.replace(tzinfo=timezone.utc)
