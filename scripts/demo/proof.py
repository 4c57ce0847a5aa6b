"""Whether the books agree with each other to the cent: each number is read in two ways that know nothing of each other."""

from odoo.tools import SQL


def prove(env, company):
    """[(what is compared, one number, the other)] of a company, rounded to its currency; what agrees has two equal ones."""
    env.flush_all()
    env = env(su=True)
    proofs = [
        _debits(env, company),
        _taxes(env, company),
        _taxes_of_channels(env, company),
        _clearing(env, company),
        _settled(env, company),
        _explained(env, company),
        _bank(env, company),
        _on_the_way(env, company),
        _by_hand(env, company),
        _audited(env, company),
    ]
    return [(what, *(company.currency_id.round(float(value or 0)) for value in pair)) for what, *pair in proofs]


def _one(env, sql, **values):
    return env.execute_query(SQL(sql, **values))[0]


def _balance(env, company, accounts):
    """What stands on accounts, as the ledger has it."""
    items = [("account_id", "in", accounts.ids), ("company_id", "=", company.id), ("parent_state", "=", "posted")]
    return env["account.move.line"]._read_group(items, [], ["balance:sum"])[0][0]


def _channels(env, company):
    return env["oms.channel"].with_context(active_test=False).search([("company_id", "=", company.id)])


def _debits(env, company):
    sql = """SELECT SUM(debit), SUM(credit) FROM account_move_line
              WHERE company_id = %(company)s AND parent_state = 'posted'"""
    return ("Trial balance: debits, credits", *_one(env, sql, company=company.id))


def _taxes(env, company):
    """The report reads tax items, the other number the totals that stand on the invoices."""
    told = env["oms.tax.report"]._read_group([("company_id", "=", company.id)], [], ["amount:sum"])[0][0]
    sql = """SELECT SUM(amount_tax_signed) FROM account_move
              WHERE company_id = %(company)s AND state = 'posted' AND oms_channel_id IS NOT NULL
                AND move_type IN ('out_invoice', 'out_refund', 'out_receipt')"""
    return ("Tax report, taxes on the invoices", told, *_one(env, sql, company=company.id))


def _taxes_of_channels(env, company):
    """What channels collected, less what their payouts account for, stands on the account of it."""
    account = company._oms_get_channel_tax_account()
    domain = [("company_id", "=", company.id), ("payer", "=", "channel")]
    told = env["oms.tax.report"]._read_group(domain, [], ["amount:sum"])[0][0]
    sql = """SELECT SUM(item.balance) FROM account_move_line item JOIN account_move entry ON entry.id = item.move_id
              WHERE item.account_id = %(account)s AND item.parent_state = 'posted'
                AND entry.oms_settlement_id IS NOT NULL AND entry.company_id = %(company)s"""
    (taken,) = _one(env, sql, account=account.id, company=company.id)
    return (
        "Tax that channels owe: report less payouts, account",
        (told or 0) - float(taken or 0),
        -_balance(env, company, account),
    )


def _clearing(env, company):
    """The account against what is with the channels: payments and refunds no payout has, and refunds not booked yet."""
    accounts = env["account.account"].union(*(one._oms_get_clearing_accounts() for one in _channels(env, company)))
    waiting = env["oms.cut.off"]._read_group(
        [("company_id", "=", company.id), ("account_id", "in", accounts.ids), ("kind", "!=", "credited_not_paid")],
        [],
        ["amount:sum"],
    )[0][0]
    return ("With the channels: not paid out yet, clearing accounts", waiting, _balance(env, company, accounts))


def _settled(env, company):
    """What payouts took from clearing and settled nothing with, refunds that come late apart."""
    accounts = env["account.account"].union(*(one._oms_get_clearing_accounts() for one in _channels(env, company)))
    sql = """SELECT SUM(ABS(item.amount_residual)) FROM account_move_line item
               JOIN account_move entry ON entry.id = item.move_id AND entry.oms_settlement_id IS NOT NULL
              WHERE item.account_id = ANY(%(accounts)s) AND item.parent_state = 'posted' AND item.oms_cause IS NULL
                AND item.company_id = %(company)s"""
    return (
        "Clearing by payout: left without a cause, nothing",
        *_one(env, sql, company=company.id, accounts=accounts.ids),
        0,
    )


def _explained(env, company):
    """Each payout is what it settles and what has a cause."""
    sql = """SELECT SUM(payout.total), SUM(payout.matched + rests.amount) FROM oms_settlement payout
         CROSS JOIN LATERAL (SELECT COALESCE(SUM(rest.amount), 0) AS amount FROM oms_settlement_rest rest
                              WHERE rest.settlement_id = payout.id AND rest.settled_on IS NULL) rests
              WHERE payout.company_id = %(company)s AND payout.state IN ('posted', 'reconciled')"""
    return ("Payouts: told by channels, settled and explained", *_one(env, sql, company=company.id))


def _bank(env, company):
    sql = """SELECT SUM(payout.total),
                    SUM(CASE WHEN line.foreign_currency_id IS NULL THEN line.amount ELSE line.amount_currency END)
               FROM oms_settlement payout JOIN account_bank_statement_line line ON line.id = payout.bank_line_id
              WHERE payout.company_id = %(company)s"""
    return ("Payouts in the bank: told by channels, by the bank", *_one(env, sql, company=company.id))


def _on_the_way(env, company):
    """The accounts of payouts on their way against the items of payouts that no bank statement line is matched with."""
    accounts = env["account.account"].browse(
        {
            one._oms_get_payout_accounts()["in_transit"]
            for one in _channels(env, company)
            if one._oms_get_clearing_accounts()
        }
    )
    sql = """SELECT SUM(item.amount_residual) FROM account_move_line item
               JOIN account_move entry ON entry.id = item.move_id AND entry.oms_settlement_id IS NOT NULL
              WHERE item.account_id = ANY(%(accounts)s) AND item.parent_state = 'posted'
                AND item.company_id = %(company)s"""
    (told,) = _one(env, sql, company=company.id, accounts=accounts.ids)
    return ("Payouts on their way: not in the bank, account", told, _balance(env, company, accounts))


def _by_hand(env, company):
    """Entries that no event, payment, bank statement, move of goods or other entry has made; the one with which the account of
    the stock began is its opening balance."""
    closings = env["ir.config_parameter"].get_param(f"{company.id}.stock_valuation_closing_ids") or ""
    sql = """SELECT COUNT(*) FROM account_move entry
              WHERE entry.company_id = %(company)s AND entry.state = 'posted' AND entry.move_type = 'entry'
                AND entry.oms_key IS NULL AND entry.origin_payment_id IS NULL AND entry.statement_line_id IS NULL
                AND entry.oms_settlement_id IS NULL AND entry.journal_id IS DISTINCT FROM %(exchange)s
                AND entry.id != ALL(%(apart)s) AND entry.reversed_entry_id IS NULL
                AND NOT EXISTS (SELECT 1 FROM stock_move move WHERE move.account_move_id = entry.id)"""
    values = {
        "company": company.id,
        "exchange": company.currency_exchange_journal_id.id or None,
        "apart": [
            *(int(one) for one in closings.split(",") if one.strip().isdigit()),
            *env["oms.check"]._get_first_entries(company, company.account_stock_valuation_id),
        ],
    }
    return ("Entries made by hand since the opening, none", *_one(env, sql, **values), 0)


def _audited(env, company):
    auditor = env["oms.check"]
    codes = {check.code for check in auditor._get_checks()}
    found = auditor._find(company, codes, auditor._get_scope(company))
    return ("What the auditor finds, nothing", sum(map(len, found.values())), 0)
