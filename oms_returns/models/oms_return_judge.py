"""Who asks for goods to come back has one answer, in the back office, in the portal and by the interface; and only a manager,
with a reason that is kept, answers otherwise."""

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.oms_core.text import as_html

from .oms_return_facts import Request, Wish, as_decimal

#: Who asks is told no. Of what a platform has promised already, or what is on the table, it is only noted.
ASKING = ("clerk", "customer", "store")

#: Terms of a line that no policy has judged.
NO_TERMS = {"fee_percent": 0.0, "fee_amount": 0.0, "refund_shipping": "none", "needs_inspection": False}

#: What is written with an exception, and with nothing else.
OVERRIDE = ("override_reason", "override_user_id")


class OmsReturn(models.Model):
    _inherit = "oms.return"

    policy_id = fields.Many2one(
        "oms.return.policy",
        string="Return Policy",
        readonly=True,
        copy=False,
        check_company=True,
        ondelete="set null",
        help="The policy by which it was authorized, where it is the same for all lines.",
    )
    is_authorized_by_policy = fields.Boolean(
        string="Authorized by Itself", readonly=True, copy=False, help="Nobody had to look at it."
    )
    policy_answer = fields.Html(compute="_compute_policy_answer", string="By the Return Policies")
    policy_refusal = fields.Text(compute="_compute_policy_answer", string="Not Possible")
    can_override = fields.Boolean(compute="_compute_policy_answer")

    @api.depends(
        "state",
        "kind",
        "partner_id",
        "requested_at",
        "warehouse_id",
        "judgement",
        "line_ids.sale_line_id",
        "line_ids.product_id",
        "line_ids.reason_id",
        "line_ids.outcome",
        "line_ids.quantity",
    )
    @api.depends_context("uid")
    def _compute_policy_answer(self):
        """Of a request what would be said now; of all others what was said then."""
        asked = self.filtered(lambda record: record.state == "draft" and record._get_asked_lines())
        judgements = asked._judge_all()
        is_manager = self.env.user.has_group("oms_core.group_oms_manager")
        for record in self:
            judgement = judgements.get(record)
            record.policy_refusal = False
            record.can_override = False
            if judgement:
                record.policy_answer = record._tell(record._as_json(judgement))
                record.policy_refusal = "\n".join(problem.sentence for problem in judgement.refusals) or False
                is_soft = judgement.refusals and not any(problem.is_hard for problem in judgement.refusals)
                record.can_override = bool(is_manager and is_soft and record._is_told_no())
            else:
                record.policy_answer = record._tell(record.judgement or {})

    # ---------------------------------------------------------------------------------------------------------- CRUD

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_no_override(vals)
        return super().create(vals_list)

    def write(self, vals):
        """Override: exceptions are made by managers, and go when a return begins anew."""
        self._check_no_override(vals)
        if vals.get("state") == "draft":
            self._forget_judgement()
            vals = {**vals, **dict.fromkeys((*OVERRIDE, "judgement", "policy_id", "is_authorized_by_policy"), False)}
        return super().write(vals)

    def _forget_judgement(self):
        """What would have stayed with the customer is judged anew, too."""
        for record in self:
            judged = {line["line_id"]: line for line in (record.judgement or {}).get("lines", [])}
            for line in record.line_ids.filtered(lambda line, judged=judged: line.id in judged):
                line.write({"policy_id": False, "window_end": False, **NO_TERMS})
                if any(code == "returnless" for code, _sentence in judged[line.id]["notes"]):
                    line.expects_goods = True

    def _check_no_override(self, vals):
        wanted = any(vals.get(name) for name in OVERRIDE)
        if wanted and not self.env.su and not self.env.user.has_group("oms_core.group_oms_manager"):
            raise AccessError(self.env._("Only managers make exceptions from the return policies."))

    # ------------------------------------------------------------------------------------------------------- ACTIONS

    def action_authorize(self):
        """Override: what no policy allows is refused, unless somebody who may has made an exception; what the policy says
        is kept on the lines, so that a later policy changes no running return."""
        self.check_access("write")
        self.order_ids._oms_take_turn_to_return()
        for record, judgement in self._judge_all().items():
            record._check_allowed(judgement)
            record._keep_terms(judgement)
        return super().action_authorize()

    def action_override(self):
        """Ask for the reason of an exception."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Authorize Anyway"),
            "res_model": "oms.return.override",
            "view_mode": "form",
            "target": "new",
            "context": {"default_return_id": self.id},
        }

    # ------------------------------------------------------------------------------------------------------- JUDGING

    def _judge(self):
        """What the policies say to this request, as of when it was asked.

        :rtype: odoo.addons.oms_returns.domain.return_facts.Judgement, with the lines by their ids
        """
        self.ensure_one()
        return self._judge_all()[self]

    def _judge_all(self):
        """{return: its judgement}"""
        requests = [record._get_request() for record in self]
        return dict(zip(self, self._judge_requests(requests), strict=True))

    def _get_request(self):
        self.ensure_one()
        lines = self._get_asked_lines()
        return Request(
            company=self.company_id,
            partner=self.partner_id,
            currency=self.currency_id or self.company_id.currency_id,
            wishes=tuple(
                Wish(
                    line._origin.id or line.id,
                    line.sale_line_id._origin,
                    line.product_id._origin,
                    line.reason_id._origin,
                    as_decimal(line.quantity),
                    line.outcome,
                )
                for line in lines
            ),
            now=self.requested_at or fields.Datetime.now(),
            record=self._origin,
            kind=self.kind,
            goods_come=not self._is_told_no(),
        )

    def _get_asked_lines(self):
        return self.line_ids.filtered(lambda line: line.quantity > 0 and line.product_id)

    def _is_told_no(self):
        return self.origin in ASKING and not self.is_blind

    def _check_allowed(self, judgement):
        """:raise UserError: with each refusal, unless an exception was made."""
        self.ensure_one()
        if judgement.ok:
            return
        said = "\n".join(problem.sentence for problem in judgement.refusals)
        if self.override_reason and self.override_user_id:
            return  # only managers write these, and they go when the return begins anew
        if not self._is_told_no():
            self.message_post(body=as_html(self.env._("By the return policies: %s", said)))
            return
        self._check_authorizable()  # what is not there has its own words
        raise UserError(said)

    def _override(self, reason):
        """Authorize what the policies refuse, for a reason that is kept.

        :raise AccessError: for who is no manager.
        :raise UserError: without a reason, or for what nobody can allow.
        """
        self.ensure_one()
        self.check_access("write")
        if not self.env.user.has_group("oms_core.group_oms_manager"):
            raise AccessError(self.env._("Only managers make exceptions from the return policies."))
        reason = (reason or "").strip()
        if not reason:
            raise UserError(self.env._("Say why you make an exception."))
        judgement = self._judge()
        hard = [problem.sentence for problem in judgement.refusals if problem.is_hard]
        if hard:
            raise UserError("\n".join(hard))
        if judgement.refusals:
            self.write({"override_reason": reason, "override_user_id": self.env.uid})
            said = Markup("<br>").join(problem.sentence for problem in judgement.refusals)
            self.message_post(
                body=Markup("<p>%s</p><p>%s</p>") % (self.env._("Exception from the return policies: %s", reason), said)
            )
        self.action_authorize()

    def _authorize_if_allowed(self):
        """Authorize what the policies allow without anybody looking at it; the rest stays requested, for a person.

        :return: the returns that were authorized.
        """
        allowed = self.browse()
        self.order_ids._oms_take_turn_to_return()
        for record, judgement in self.filtered(lambda record: record.state == "draft")._judge_all().items():
            if judgement.ok and judgement.is_automatic:
                allowed |= record
        if allowed:
            allowed.action_authorize()
            allowed.is_authorized_by_policy = True
        return allowed

    def _keep_terms(self, judgement):
        """Write down what was said, and the terms on each line; what was said before is forgotten."""
        self.ensure_one()
        self._forget_judgement()
        lines = {line.id: line for line in self.line_ids}
        for one in judgement.lines:
            lines[one.key].write(self._prepare_terms(one))
        policies = {one.policy_id for one in judgement.lines}
        payers = {one.label_paid_by for one in judgement.lines if one.expects_goods and one.policy_id}
        values = {
            "judgement": self._as_json(judgement),
            "policy_id": policies.pop() if len(policies) == 1 else False,
        }
        if payers:
            values["label_paid_by"] = "customer" if payers == {"customer"} else "merchant"
        self.write(values)

    def _prepare_terms(self, one):
        """The terms as values of the line. What the policy asks nothing of stays as somebody has entered it."""
        said = {
            "fee_percent": float(one.fee_percent),
            "fee_amount": float(one.fee_amount),
            "refund_shipping": one.refund_shipping,
            "needs_inspection": one.needs_inspection,
        }
        terms = {
            "policy_id": one.policy_id,
            "window_end": self.company_id._oms_get_end_of(one.window_end) if one.window_end else False,
            **{name: value for name, value in said.items() if value != NO_TERMS[name]},
        }
        if self.kind == "return" and not one.expects_goods:
            terms["expects_goods"] = False
        return terms

    # --------------------------------------------------------------------------------------------------------- WORDS

    @api.model
    def _as_json(self, judgement):
        """A judgement as it is kept: names as they were, and no number that rounds."""
        return {
            "lines": [
                {
                    "line_id": one.key if isinstance(one.key, int) else None,
                    "policy_id": one.policy_id,
                    "policy": one.policy,
                    "why": one.why,
                    "passed": [list(pair) for pair in one.passed],
                    "name": one.name,
                    "ok": one.ok,
                    "outcomes": {
                        outcome: {
                            "ok": verdict.ok,
                            "code": verdict.code,
                            "sentence": verdict.sentence,
                            "until": verdict.until and verdict.until.isoformat(),
                        }
                        for outcome, verdict in one.outcomes.items()
                    },
                    "max_quantity": str(one.max_quantity),
                    "until": one.window_end and one.window_end.isoformat(),
                    "terms": self._say_terms(one),
                    "refusals": [[problem.code, problem.sentence] for problem in one.refusals],
                    "notes": [[problem.code, problem.sentence] for problem in one.notes],
                }
                for one in judgement.lines
            ],
            "approval": judgement.approval,
        }

    @api.model
    def _say_terms(self, one):
        """What of the terms costs the customer something, or makes it later."""
        said = []
        if one.fee_percent:
            said.append(self.env._("A fee of %s %% is kept.", f"{float(one.fee_percent):g}"))
        if one.fee_amount:
            said.append(self.env._("A fee of %s for each unit is kept.", f"{one.fee_amount:.2f}"))
        if one.expects_goods and one.label_paid_by == "customer":
            said.append(self.env._("The customer pays the label."))
        if one.needs_inspection:
            said.append(self.env._("Goods are inspected first."))
        return said

    @api.model
    def _tell(self, judgement, with_passed=False):
        """A judgement in sentences, a line for each.

        :param bool with_passed: also why the policies before it were not for it.
        """
        items = []
        for line in judgement.get("lines", []):
            said = [sentence for _code, sentence in (*line["refusals"], *line["notes"])]
            if line["ok"] and line["until"]:
                said.insert(0, self.env._("Possible until %s.", line["until"]))
            elif line["ok"]:
                said.insert(0, self.env._("Possible."))
            if line["ok"]:
                said += line["terms"]
            why = [line["why"]]
            if with_passed:
                why += [
                    self.env._("Before it, “%(policy)s”: %(why)s.", policy=name, why=text)
                    for name, text in line["passed"]
                ]
            items.append(
                Markup(
                    '<li><i class="fa fa-fw %s" role="presentation"></i> <b>%s</b>: %s <span class="text-muted">%s</span></li>'
                )
                % (
                    "fa-check text-success" if line["ok"] else "fa-times text-danger",
                    line["name"],
                    " ".join(said),
                    " ".join(why),
                )
            )
        return Markup('<ul class="list-unstyled mb-0">%s</ul>') % Markup("").join(items) if items else False


class OmsReturnLine(models.Model):
    _inherit = "oms.return.line"

    policy_id = fields.Many2one(
        "oms.return.policy",
        string="Return Policy",
        readonly=True,
        copy=False,
        check_company=True,
        ondelete="set null",
        help="The policy by which it was authorized.",
    )
