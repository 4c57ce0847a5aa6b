"""Pick and pack with a scanner: what was scanned is what goes, and who scanned it is known."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..domain.scan import CODE_MAX_CHARS, Meaning, Refusal, Wanted, count, read


class StockPickingType(models.Model):
    _inherit = "stock.picking.type"

    oms_verify = fields.Boolean(
        string="Verify by Scanning",
        help="Nothing of these transfers can be validated before every piece of it was scanned.",
    )


class StockMoveLine(models.Model):
    _inherit = "stock.move.line"

    oms_scanned = fields.Float(
        string="Scanned",
        digits="Product Unit",
        copy=False,
        readonly=True,
        help="Pieces counted with the scanner, in the product's unit.",
    )

    def _oms_get_unscanned(self):
        """How many pieces of this line nobody has scanned."""
        self.ensure_one()
        return self.product_id.uom_id.round(max(self.quantity_product_uom - self.oms_scanned, 0.0))

    def _oms_to_domain(self):
        self.ensure_one()
        return Wanted(
            id=self.id,
            product_id=self.product_id.id,
            label=self._oms_get_label(),
            quantity=Decimal(repr(self.quantity_product_uom)),
            scanned=Decimal(repr(self.oms_scanned)),
            lot_id=self.lot_id.id or None,
            package_id=self.package_id.id or None,
        )

    def _oms_get_label(self):
        """The product, and which of it where that matters."""
        self.ensure_one()
        return f"{self.product_id.display_name} ({self.lot_id.name})" if self.lot_id else self.product_id.display_name

    def _oms_split_unscanned(self):
        """Put what was not scanned of this line onto a line of its own."""
        self.ensure_one()
        rest = self._oms_get_unscanned()
        if not rest:
            return self.browse()
        uom = self.product_id.uom_id
        quantity = uom._compute_quantity(self.oms_scanned, self.product_uom_id)
        left = self.quantity - quantity
        self.quantity = quantity
        return self.copy({"quantity": left, "oms_scanned": 0.0, "picked": False, "result_package_id": False})


class StockPicking(models.Model):
    """A scan counts one piece of the line that wants it; what is not wanted is refused with a sentence and counts nothing."""

    _inherit = "stock.picking"

    oms_verify = fields.Boolean(related="picking_type_id.oms_verify")
    oms_scan_state = fields.Selection(
        [("none", "Not scanned"), ("some", "Partly scanned"), ("verified", "Verified")],
        string="Scan Check",
        compute="_compute_oms_scan_state",
        help="Verified: every piece that is set aside was scanned.",
    )
    oms_picked_by_id = fields.Many2one("res.users", string="Picked By", readonly=True, copy=False)
    oms_picked_at = fields.Datetime(string="Picked On", readonly=True, copy=False)

    @api.depends("move_line_ids.oms_scanned", "move_line_ids.quantity_product_uom")
    def _compute_oms_scan_state(self):
        for picking in self:
            lines = picking.move_line_ids.filtered(lambda line: line.quantity_product_uom > 0)
            if lines and not any(line._oms_get_unscanned() for line in lines):
                picking.oms_scan_state = "verified"
            else:
                picking.oms_scan_state = "some" if any(lines.mapped("oms_scanned")) else "none"

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_oms_scan(self, code):
        """Count what was scanned: of several transfers that are picked together for the first one that wants it.

        :return: ``{"ok": whether it counted, "message": a sentence for whoever scans}``
        """
        self.check_access("write")
        if not isinstance(code, str) or not code.strip() or len(code) > CODE_MAX_CHARS:
            return {"ok": False, "message": self.env._("This is no barcode. Scan again.")}
        names = ", ".join(self.mapped("name"))
        to_pick = self.filtered(lambda picking: picking.state not in ("done", "cancel"))
        if not to_pick:
            return {"ok": False, "message": self.env._("%s is finished. Nothing can be scanned into it.", names)}
        lines = to_pick.move_line_ids.filtered(lambda line: line.quantity_product_uom > 0)
        if not lines:
            return {
                "ok": False,
                "message": self.env._("Nothing is set aside for %s yet. Check availability first.", names),
            }
        result = count(to_pick._oms_get_meaning(code), [line._oms_to_domain() for line in lines])
        if isinstance(result, Refusal):
            return {"ok": False, "message": self._oms_get_refusal(result)}
        for line_id, quantity in result.items():
            line = lines.browse(line_id)
            line.oms_scanned = line.product_id.uom_id.round(line.oms_scanned + float(quantity))
        counted = lines.browse(result)
        counted.picking_id.write({"oms_picked_by_id": self.env.uid, "oms_picked_at": fields.Datetime.now()})
        label = ", ".join(dict.fromkeys(counted.product_id.mapped("display_name")))
        left = sum(line._oms_get_unscanned() for line in lines)
        if not left:
            return {"ok": True, "message": self.env._("%s counted. Everything is scanned.", label)}
        return {"ok": True, "message": self.env._("%(label)s counted, %(left)g to go.", label=label, left=left)}

    def action_oms_scan_again(self):
        """Forget what was scanned, to count anew."""
        self.check_access("write")
        self.move_line_ids.filtered(lambda line: line.state not in ("done", "cancel")).oms_scanned = 0.0

    def action_oms_next_box(self):
        """Close the parcel with what was scanned since the last one; what is scanned from now on goes into another.

        :return: the parcel (``stock.package``)
        """
        self.ensure_one()
        self.check_access("write")
        lines = self.move_line_ids.filtered(
            lambda line: line.state not in ("done", "cancel") and line.oms_scanned > 0 and not line.result_package_id
        )
        if not lines:
            raise UserError(
                self.env._("Nothing was scanned since the last parcel. Scan what goes into this one first.")
            )
        for line in lines:
            line._oms_split_unscanned()
        return lines._put_in_pack()

    def action_oms_send_scanned(self):
        """Send what was scanned; what was not found is looked for elsewhere."""
        self.ensure_one()
        self.check_access("write")
        lines = self.move_line_ids.filtered(lambda line: line.quantity_product_uom > 0)
        if not any(lines.mapped("oms_scanned")):
            raise UserError(
                self.env._("Nothing of %s was scanned. Reject it, if there is nothing to send.", self.display_name)
            )
        for line in lines.filtered(lambda line: line._oms_get_unscanned()):
            line.quantity = line.product_id.uom_id._compute_quantity(line.oms_scanned, line.product_uom_id)
        for move in self.move_ids.filtered(lambda move: move.state not in ("done", "cancel")):
            move.picked = bool(move.quantity)
        return self.with_context(skip_backorder=True, picking_ids_not_to_backorder=self.ids).button_validate()

    def button_validate(self):
        """Override of ``stock``: where scanning is asked for, what nobody scanned does not leave."""
        for picking in self.filtered(lambda picking: picking.oms_verify and picking.state not in ("done", "cancel")):
            picking._check_oms_scanned()
        return super().button_validate()

    def _action_done(self):
        """Override of ``stock`` to keep who picked, also where nothing was scanned."""
        unnamed = self.filtered(lambda picking: not picking.oms_picked_by_id)
        result = super()._action_done()
        done = unnamed.filtered(lambda picking: picking.state == "done")
        done.write({"oms_picked_by_id": self.env.uid, "oms_picked_at": fields.Datetime.now()})
        return result

    # ------------------------------------------------------------------------------------------------------ HELPERS

    def _check_oms_scanned(self):
        """:raise UserError: when a piece that is to leave was not scanned; it lists them all."""
        self.ensure_one()
        lines = self.move_line_ids.filtered(lambda line: line.quantity_product_uom > 0)
        lines = lines.filtered("picked") or lines
        missing = [
            self.env._("%(left)g of %(product)s", left=left, product=line._oms_get_label())
            for line in lines
            if (left := line._oms_get_unscanned())
        ]
        if missing:
            raise UserError(
                self.env._(
                    "%(picking)s is not verified. Still to be scanned: %(missing)s. What cannot be found: “Ship What Was "
                    "Scanned”.",
                    picking=self.name,
                    missing=", ".join(missing),
                )
            )

    def _oms_get_meaning(self, text):
        """What the database knows under a scanned code; what is in these transfers comes first."""
        code = read(text)
        company = ("company_id", "in", (False, self.company_id.id))
        numbers = {code.value, code.value.zfill(14) if code.value.isdigit() else code.value}
        wanted = self.move_line_ids.product_id
        product, quantity = self.env["product.product"], 1.0
        products = product.search(
            ["|", ("barcode", "in", list(numbers)), ("default_code", "=", code.value), company], limit=10
        )
        product = (products & wanted)[:1] or products[:1]
        if not product:
            packagings = self.env["product.uom"].search([("barcode", "in", list(numbers)), company], limit=10)
            packaging = packagings.filtered(lambda row: row.product_id in wanted)[:1] or packagings[:1]
            product = packaging.product_id
            quantity = packaging.uom_id._compute_quantity(1.0, product.uom_id) if packaging else 1.0
        if product and not code.lot:
            return Meaning(product.id, product.display_name, quantity=Decimal(repr(quantity)))
        lots = self.env["stock.lot"].search(
            [("name", "=", code.lot or code.value), company, *([("product_id", "=", product.id)] if product else [])],
            limit=10,
        )
        lot = (lots & self.move_line_ids.lot_id)[:1] or lots.filtered(lambda lot: lot.product_id in wanted)[:1]
        lot = lot or lots[:1]
        if product or lot:
            of_lot = (product or lot.product_id).tracking != "none"
            return Meaning(
                (product or lot.product_id).id,
                code.lot or lot.name,
                lot_id=(lot.id or None) if of_lot else None,
                quantity=Decimal(repr(quantity)),
                by_lot=of_lot,
            )
        package = self.env["stock.package"].search([("name", "=", code.value), company], limit=1)
        return Meaning(package_id=package.id or None, label=package.name or code.value)

    def _oms_get_refusal(self, refusal):
        """The sentence for whoever scanned."""
        match refusal.code:
            case "wrong_product":
                return self.env._("%s is not part of this transfer. Put it back.", refusal.label)
            case "too_many":
                return self.env._("All of %s is counted already. Put this one back.", refusal.label)
            case "wrong_lot":
                return self.env._("Number %s is not the one that is set aside for this transfer.", refusal.label)
            case "lot_needed":
                return self.env._("%s has lot or serial numbers: scan that number.", refusal.label)
            case "wrong_package":
                return self.env._("Nothing of this transfer is taken from package %s.", refusal.label)
        return self.env._(
            "“%s” is not known here. Scan the barcode of the product, or type its reference.", refusal.label
        )
