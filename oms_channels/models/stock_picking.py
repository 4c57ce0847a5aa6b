"""What channels are told about deliveries: each parcel when it leaves, and its number when it comes later."""

from collections import defaultdict
from datetime import timezone
from decimal import Decimal

from odoo import api, fields, models

from ..domain.envelope import open_sealed
from ..domain.outgoing import Item, Parcel


class StockPicking(models.Model):
    _inherit = "stock.picking"

    oms_told_state = fields.Selection(
        [("waiting", "Channel is being told"), ("told", "Channel knows"), ("failed", "Channel refused")],
        string="Told to Channel",
        compute="_compute_oms_told_state",
        compute_sudo=True,
    )

    @api.depends("state")
    def _compute_oms_told_state(self):
        """From the outbox: the worst of what was told about each delivery."""
        found = defaultdict(set)
        if self.ids:
            domain = [
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
                ("direction", "=", "out"),
                ("kind", "=", "parcel"),
            ]
            for res_id, state, _count in self.env["oms.message"]._read_group(domain, ["res_id", "state"], ["__count"]):
                found[res_id].add(state)
        for picking in self:
            states = found.get(picking.id, set())
            if "dead" in states:
                picking.oms_told_state = "failed"
            elif states & {"pending", "retry"}:
                picking.oms_told_state = "waiting"
            else:
                picking.oms_told_state = "told" if "done" in states else False

    def action_oms_view_told(self):
        """What the channel was told about this delivery."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_message_action")
        action["domain"] = [("res_model", "=", self._name), ("res_id", "=", self.id), ("direction", "=", "out")]
        action["context"] = {}
        return action

    def _oms_on_shipped(self):
        """Override of ``oms_core``: the channels are told."""
        result = super()._oms_on_shipped()
        for picking in self.filtered("oms_channel_id"):
            picking._oms_tell_parcels()
        return result

    def write(self, vals):
        """Override of ``stock``: a tracking number that comes after the parcel has left is told, too."""
        result = super().write(vals)
        if vals.get("carrier_tracking_ref"):
            for picking in self.filtered(lambda picking: picking.state == "done" and picking.oms_channel_id):
                picking._oms_tell_parcels()
        return result

    def _oms_tell_parcels(self):
        """Queue what the channel does not know yet of the parcels of this delivery; what comes back or moves between our own
        places is none."""
        self.ensure_one()
        if not self.location_dest_id._is_outgoing():
            return
        messages = self.env["oms.message"]
        for parcel in self._oms_prepare_parcels():
            # The same parcel with its number is another message, and the same thing to the channel.
            messages._queue_out(self.oms_channel_id, "parcel", parcel, self, f"{parcel.key}:{parcel.tracking_number}")

    def _oms_prepare_parcels(self):
        """What has left with this delivery, by package; how much of each order line was told before is not told again."""
        self.ensure_one()
        order = self.sale_id
        told, packages = self._oms_get_told(order)
        goods = order.order_line.filtered(lambda line: line._is_oms_goods() and line.oms_external_id)
        contents = defaultdict(lambda: defaultdict(Decimal))
        for move_line in self.move_line_ids:
            line = move_line.move_id.sale_line_id
            if line in goods and line.product_id == move_line.product_id:
                quantity = move_line.product_id.uom_id._compute_quantity(
                    move_line.quantity_product_uom, line.product_uom_id
                )
                contents[move_line.result_package_id][line] += Decimal(repr(quantity))
        # Of a kit, whose parts are in this delivery: as many as are whole now and were not told.
        for line in self.move_ids.sale_line_id & goods:
            if not any(line in of_package for of_package in contents.values()):
                shipped = Decimal(repr(float(line._oms_get_shipped())))
                whole = line._oms_to_units(shipped) - told[line.oms_external_id]
                if whole > 0:
                    contents[self.move_line_ids.result_package_id[:1]][line] += whole
            elif line.oms_pack_size > 1:
                self._oms_count_packs(line, contents, told[line.oms_external_id])
        # A parcel that completes no pack is told with the one that does.
        contents = {package: lines for package, lines in contents.items() if lines}
        left = all(float(line._oms_get_shipped()) >= line.product_uom_qty for line in goods)
        known = len({key for key in packages if not key.startswith(f"{self.id}-")})
        parcels = []
        channel = self.oms_channel_id
        carrier_sudo = channel._map_ours("carrier", "carrier_ids", self.carrier_id)
        place_sudo = channel._map_ours("location", "warehouse_id", self.picking_type_id.warehouse_id)
        for number, (package, lines) in enumerate(sorted(contents.items(), key=lambda pair: pair[0].id), known + 1):
            label = self.oms_label_ids.filtered(
                lambda label, package=package: (
                    label.state == "bought" and label.purpose == "out" and label.package_id == package
                )
            )[:1]
            tracking = label.tracking_number or (self.carrier_tracking_ref or "").split(",")[0]
            parcels.append(
                Parcel(
                    key=f"{self.id}-{package.id or 0}",
                    order_ref=order.oms_external_id,
                    items=tuple(Item(line.oms_external_id, quantity) for line, quantity in lines.items()),
                    shipped_at=(self.date_done or fields.Datetime.now()).replace(tzinfo=timezone.utc),
                    number=number,
                    carrier=carrier_sudo.external_code or "",
                    carrier_name=carrier_sudo.external_name or self.carrier_id.name or "",
                    location_ref=place_sudo.external_code or "",
                    tracking_number=tracking or "",
                    tracking_url=label.tracking_url or (tracking and self.carrier_tracking_url) or "",
                    last=left and number == known + len(contents),
                    notify=self.oms_channel_id.owns_contact,
                )
            )
        return parcels

    def _oms_count_packs(self, line, contents, told):
        """Put whole packs in place of the pieces of a line in ``contents``; a pack is in the parcel that completes it.

        :param told: packs that left with other deliveries.
        """
        of_line = [
            (package, lines.pop(line))
            for package, lines in sorted(contents.items(), key=lambda pair: pair[0].id)
            if line in lines
        ]
        shipped = Decimal(repr(float(line._oms_get_shipped())))
        left = line._oms_to_units(shipped) - told
        # Pieces of a broken pack that left before; fewer than none where later deliveries have counted some of these.
        before = shipped - sum(pieces for _package, pieces in of_line) - told * line.oms_pack_size
        for package, pieces in of_line:
            packs = min(max(line._oms_to_units(pieces + before), Decimal(0)), left)
            if packs > 0:
                contents[package][line] = packs
                left -= packs
            before += pieces - packs * line.oms_pack_size

    def _oms_get_told(self, order):
        """({line of the channel: how much of it was told in other deliveries}, keys of the parcels that were told)"""
        quantities, keys = defaultdict(Decimal), set()
        # sudo: what channels were told is read to tell the rest, by whoever ships
        messages_sudo = (
            self.env["oms.message"]
            .sudo()
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "in", order.picking_ids.ids),
                    ("direction", "=", "out"),
                    ("kind", "=", "parcel"),
                ]
            )
        )
        for message_sudo in messages_sudo:
            parcel = open_sealed("parcel", message_sudo._get_body())
            if parcel.key not in keys and message_sudo.res_id != self.id:
                for item in parcel.items:
                    quantities[item.line_ref] += item.quantity
            keys.add(parcel.key)
        return quantities, keys
