from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..const import MATCH_BATCH_MAX, MATCH_CANDIDATES_MAX, MATCH_SCAN_MAX
from ..domain.matching import PHONE_DIGITS_MIN, Person, candidates, fold

#: What of a contact is kept before it is merged into another, to know later what it was.
SNAPSHOT_FIELDS = ("name", "email", "phone", "street", "street2", "zip", "city", "vat", "ref", "comment")


class OmsCustomerMatch(models.Model):
    """Two customers who may be one: found by a score, decided by a person, remembered for good."""

    _name = "oms.customer.match"
    _description = "Possible Duplicate"
    _order = "state desc, score desc, id"
    _rec_name = "partner_id"

    partner_id = fields.Many2one("res.partner", string="Newer", readonly=True, ondelete="cascade", index=True)
    candidate_id = fields.Many2one("res.partner", string="Known", readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    score = fields.Integer(readonly=True, help="How much speaks for it, of 100.")
    facts = fields.Json(readonly=True)
    explanation = fields.Char(compute="_compute_explanation", string="What Speaks for It")
    state = fields.Selection(
        [("open", "To decide"), ("merged", "Merged"), ("different", "Different people")],
        required=True,
        default="open",
        readonly=True,
        index=True,
    )
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_at = fields.Datetime(readonly=True)
    snapshot = fields.Json(readonly=True, help="What the contact was that was merged into the other.")
    snapshot_text = fields.Text(compute="_compute_snapshot_text", string="What Was Merged")

    partner_email = fields.Char(related="partner_id.email", string="Newer: Mail")
    partner_phone = fields.Char(related="partner_id.phone", string="Newer: Phone")
    partner_address = fields.Char(related="partner_id.contact_address", string="Newer: Address")
    partner_since = fields.Datetime(related="partner_id.create_date", string="Newer: Since")
    candidate_email = fields.Char(related="candidate_id.email", string="Known: Mail")
    candidate_phone = fields.Char(related="candidate_id.phone", string="Known: Phone")
    candidate_address = fields.Char(related="candidate_id.contact_address", string="Known: Address")
    candidate_since = fields.Datetime(related="candidate_id.create_date", string="Known: Since")

    _pair_uniq = models.Constraint("UNIQUE(candidate_id, partner_id)", "These two have been compared already.")

    @api.depends("facts")
    def _compute_explanation(self):
        sentences = self._get_sentences()
        for match in self:
            match.explanation = " ".join(sentences.get(fact, fact) for fact in match.facts or ())

    def _get_sentences(self):
        return {
            "email": self.env._("The same e-mail address."),
            "mailbox": self.env._("The same name in two mail services."),
            "phone": self.env._("The same phone number."),
            "name": self.env._("The same name."),
            "name_near": self.env._("Nearly the same name."),
            "street": self.env._("The same street."),
            "zip": self.env._("The same post code."),
            "name_other": self.env._("But another name."),
            "country_other": self.env._("But another country."),
        }

    @api.depends("snapshot")
    def _compute_snapshot_text(self):
        for match in self:
            labels = match._get_snapshot_labels()
            kept = match.snapshot or {}
            match.snapshot_text = "\n".join(f"{labels[name]}: {kept[name]}" for name in labels if kept.get(name))

    def _get_snapshot_labels(self):
        """{what is kept: how a clerk calls it}, in the order of reading."""
        described = self.env["res.partner"].fields_get(SNAPSHOT_FIELDS, ["string"])
        return {
            **{name: described[name]["string"] for name in SNAPSHOT_FIELDS if name in described},
            "orders": self.env._("Orders"),
            "refs": self.env._("Known to channels as"),
            "id": self.env._("Number of the old contact"),
        }

    @api.depends("partner_id", "candidate_id", "snapshot")
    def _compute_display_name(self):
        for match in self:
            newer = match.partner_id.display_name or (match.snapshot or {}).get("name", "")
            match.display_name = f"{match.candidate_id.display_name} / {newer}"

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_different(self):
        """These are two people; nobody is asked again."""
        self.check_access("write")
        self.filtered(lambda match: match.state == "open")._decide("different")

    def action_merge(self):
        """These are one person: everything of the newer contact goes to the known one, natively; what it was is kept here."""
        self.check_access("write")
        self.env["res.partner"].check_access("write")
        for match in self:
            if match.state != "open":
                raise UserError(self.env._("This has been decided already."))
            match._merge()

    def _merge(self):
        self.ensure_one()
        source, target = self.partner_id, self.candidate_id
        (source | target).check_access("write")
        companies = (source | target).company_id
        if len(companies) > 1:
            raise UserError(self.env._("These contacts belong to two companies and stay apart."))
        snapshot = {name: source[name] for name in SNAPSHOT_FIELDS if source[name]}
        snapshot["id"] = source.id
        snapshot["orders"] = ", ".join(source.sale_order_ids.mapped("name")) if "sale_order_ids" in source else ""
        snapshot["refs"] = ", ".join(source.oms_customer_ref_ids.mapped("external_id"))
        self._decide("merged", snapshot={key: value for key, value in snapshot.items() if value})
        # The pairs that name the merged contact go with it; this one stays, as the record of what was done.
        others = self.search(
            [("id", "!=", self.id), "|", ("partner_id", "=", source.id), ("candidate_id", "=", source.id)]
        )
        others.sudo().unlink()  # sudo: nobody deletes a pair by hand; these would name a contact that is gone
        self.partner_id = False
        self.env.flush_all()
        # sudo: merging contacts is a clerk's decision here, on the two contacts that were just checked, and Odoo's own
        # wizard asks for an administrator where e-mail addresses differ, which is the common case
        wizard = self.env["base.partner.merge.automatic.wizard"].sudo().create({})
        wizard._merge((source | target).ids, target, extra_checks=False)
        self.env.invalidate_all()
        target.message_post(
            body=self.env._(
                "Merged with the contact “%(name)s” (%(email)s) by %(user)s.",
                name=snapshot.get("name", ""),
                email=snapshot.get("email", "–"),
                user=self.env.user.name,
            )
        )

    def _forget_snapshot(self):
        """Who was merged into somebody is forgotten with them; that it was done, and why, stays."""
        self.filtered("snapshot").snapshot = False

    def _decide(self, state, **values):
        self.write({"state": state, "decided_by_id": self.env.uid, "decided_at": fields.Datetime.now(), **values})

    # ------------------------------------------------------------------------------------------------------- FINDING

    @api.model
    def _cron_find(self):
        """Compare the customers that are new since the last time with those who are known, a batch and a commit at a time."""
        cron = self.env["ir.cron"]
        while new := self.env["res.partner"].search(
            [
                ("oms_compared", "=", False),
                ("customer_rank", ">", 0),
                ("type", "=", "contact"),
                ("parent_id", "=", False),
                # who is just being created may still get an address
                ("create_date", "<", fields.Datetime.now() - timedelta(seconds=1)),
            ],
            order="id",
            limit=MATCH_BATCH_MAX,
        ):
            self._find(new)
            if not cron._commit_progress(len(new)):
                break

    @api.model
    def _find(self, new):
        """Queue what may be duplicates of these contacts. A fixed number of queries for all of them.

        :return: the new pairs.
        """
        known = self._find_known(new)
        people = {partner.id: _to_person(partner) for partner in new | known}
        found = candidates([people[partner.id] for partner in new], people.values(), MATCH_CANDIDATES_MAX)
        seen = {
            frozenset((row.partner_id.id, row.candidate_id.id))
            for row in self.search([("partner_id", "in", list(people)), ("candidate_id", "in", list(people))])
        }
        new.oms_compared = True
        partners = self.env["res.partner"]
        return self.create(
            [
                {
                    "candidate_id": match.first,
                    "partner_id": match.second,
                    "company_id": (
                        partners.browse(match.first).company_id or partners.browse(match.second).company_id
                    ).id,
                    "score": match.score,
                    "facts": list(match.facts),
                }
                for match in found
                if frozenset((match.first, match.second)) not in seen
            ]
        )

    @api.model
    def _find_known(self, new):
        """The contacts that share something with one of ``new`` by which they could be found: mail, phone, or post code."""
        emails = [email for email in new.mapped("email_normalized") if email]
        boxes = {f"{email.partition('@')[0].partition('+')[0]}@{email.partition('@')[2]}" for email in emails}
        phones = {
            digits[-PHONE_DIGITS_MIN:]
            for digits in map(_digits, new.mapped("phone"))
            if len(digits) >= PHONE_DIGITS_MIN
        }
        zips = {code for code in new.mapped("zip") if code}
        self.env["res.partner"].flush_model(
            ["email_normalized", "phone", "zip", "active", "parent_id", "type", "customer_rank"]
        )
        rows = self.env.execute_query(
            SQL(
                r"""SELECT id FROM res_partner
                     WHERE active AND parent_id IS NULL AND type = 'contact' AND customer_rank > 0 AND (
                           email_normalized = ANY(%s)
                        OR right(regexp_replace(phone, '\D', '', 'g'), %s) = ANY(%s)
                        OR zip = ANY(%s))
                  ORDER BY id LIMIT %s""",
                list({*emails, *boxes}),
                PHONE_DIGITS_MIN,
                list(phones),
                list(zips),
                MATCH_SCAN_MAX,
            )
        )
        return self.env["res.partner"].browse([row[0] for row in rows])


class ResPartner(models.Model):
    _inherit = "res.partner"

    oms_compared = fields.Boolean(copy=False, readonly=True, help="Has been compared with the customers known before.")

    _oms_not_compared_idx = models.Index(
        "(id) WHERE oms_compared IS NOT TRUE AND customer_rank > 0 AND parent_id IS NULL"
    )

    def write(self, vals):
        """Who gets another name or address is compared again."""
        if {"name", "email", "phone", "street", "zip"} & vals.keys() and "oms_compared" not in vals:
            vals = {**vals, "oms_compared": False}
        return super().write(vals)


def _digits(phone):
    return "".join(sign for sign in phone or "" if sign.isdigit())


def _to_person(partner):
    return Person(
        id=partner.id,
        name=partner.name or "",
        email=partner.email_normalized or "",
        phone=partner.phone or "",
        street=fold(" ".join(filter(None, (partner.street, partner.street2)))),
        zip=partner.zip or "",
        country=partner.country_id.code or "",
        company=partner.company_id.id or 0,
    )
