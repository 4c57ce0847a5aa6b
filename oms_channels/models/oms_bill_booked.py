"""What was quoted and booked for the parcels and the work that a bill names, as ``domain/bill_match.py`` wants it."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

from odoo import models

from ..domain.bill_match import Expected
from .oms_settlement_booked import exact


def _name_key(name):
    """Numbers are written with and without spaces, in small letters and capitals."""
    return "".join((name or "").split()).upper()


def _spellings(names):
    """To search for: as their sender wrote them, without spaces, and in capitals, as carriers write theirs."""
    return {one for name in names if name for one in (name, "".join(name.split()), _name_key(name))}


class OmsBiller(models.Model):
    _inherit = "oms.biller"

    def _find_booked(self, lines, currency, day):
        """What these lines may be about.

        :param lines: ``BillLine`` values.
        :return: ``(keys of the lines, {(key, kind): Expected})``, in a currency at the rate of a day.
        """
        self.ensure_one()
        numbers = _spellings(line.tracking for line in lines)
        labels = self._find_labels(numbers)
        transfers = self._find_transfers(numbers | _spellings(line.reference for line in lines))
        keys = []
        for line in lines:
            label = labels.get(_name_key(line.tracking))
            transfer = transfers.get(_name_key(line.tracking)) or transfers.get(_name_key(line.reference))
            if line.kind == "storage" and self.warehouse_ids and not (line.tracking or line.reference):
                keys.append(f"storage,{(line.at or day):%Y-%m}")
            elif label and line.kind not in ("order", "pick", "pack", "return"):
                keys.append(f"label,{label.id}")
            else:
                keys.append(f"picking,{transfer.id}" if transfer else None)
        wanted = set(filter(None, keys))
        expected = {
            **self._expect_labels({one for one in labels.values() if f"label,{one.id}" in wanted}, currency, day),
            **self._expect_transfers(
                {one for one in transfers.values() if f"picking,{one.id}" in wanted}, currency, day
            ),
            **self._expect_storage(wanted, currency, day),
        }
        return keys, expected

    def _convert(self, amount, source, currency, day):
        return exact(source._convert(float(amount), currency, self.company_id, day), currency.name)

    # ------------------------------------------------------------------------------------------------------- PARCELS

    def _find_labels(self, numbers):
        """{number: label}; of several with a number, the one that was not cancelled, and of those the last."""
        # sudo: accountants may not ship, and are told what parcels cost
        labels_sudo = self.env["oms.shipment.label"].sudo().search(
            [
                ("company_id", "=", self.company_id.id),
                ("state", "in", ("bought", "cancelled")),
                "|",
                ("tracking_number", "in", list(numbers)),
                ("carrier_ref", "in", list(numbers)),
            ]
        )  # fmt: skip
        found = {}
        for label in labels_sudo.sorted(lambda label: (label.state == "bought", label.id)):
            for number in (label.carrier_ref, label.tracking_number):
                if number:
                    found[_name_key(number)] = label
        return found

    def _expect_labels(self, labels, currency, day):
        return {
            (f"label,{label.id}", "transport"): Expected(
                booked=exact(0, currency.name)
                if label.state == "cancelled"
                else self._convert(label.cost, label.currency_id or self.currency_id, currency, day),
                quoted=self._convert(label.quoted_cost, self.currency_id, currency, day) if label.quoted_cost else None,
                name=label.tracking_number or label.carrier_ref,
                weight_kg=Decimal(str(round(label.weight_kg, 3))) if label.weight_kg else None,
                service=label.service_name or "",
                cancelled=label.state == "cancelled",
            )
            for label in labels
        }

    # ----------------------------------------------------------------------------------------------------- TRANSFERS

    def _find_transfers(self, numbers):
        """{number: transfer} of those that have left or come, by their name, the third party's, the parcel's, the order's;
        a number that several have says nothing."""
        # sudo: as above
        found_sudo = self.env["stock.picking"].sudo().search(
            [
                ("company_id", "=", self.company_id.id),
                ("state", "=", "done"),
                "|", "|", "|",
                ("name", "in", list(numbers)),
                ("oms_3pl_reference", "in", list(numbers)),
                ("carrier_tracking_ref", "in", list(numbers)),
                ("origin", "in", list(numbers)),
            ]
        )  # fmt: skip
        by_number = defaultdict(lambda: self.env["stock.picking"].sudo())  # sudo: as above
        for transfer in found_sudo:
            for number in (transfer.oms_3pl_reference, transfer.carrier_tracking_ref, transfer.origin):
                if number:
                    by_number[_name_key(number)] |= transfer
        for transfer in found_sudo:
            by_number[_name_key(transfer.name)] = transfer  # no other has it
        return {number: transfers for number, transfers in by_number.items() if len(transfers) == 1}

    def _expect_transfers(self, transfers, currency, day):
        """By the tariff of the place that did the work; the label of another system by what the delivery cost."""
        expected = {}
        for transfer in transfers:
            key, place = f"picking,{transfer.id}", transfer.picking_type_id.warehouse_id
            work = {}
            if place in self.warehouse_ids:
                work = transfer._oms_get_work()
            elif transfer.carrier_price and not transfer.oms_label_ids:
                work = {"transport": (1, transfer.carrier_price)}
            for kind, (quantity, amount) in work.items():
                source = place.company_id.currency_id if kind != "transport" else transfer.oms_cost_currency_id
                expected[key, kind] = Expected(
                    booked=self._convert(amount, source, currency, day),
                    name=transfer.name,
                    quantity=Decimal(str(quantity)),
                )
        return expected

    def _expect_storage(self, keys, currency, day):
        fee = sum(self.warehouse_ids.mapped("oms_cost_storage"))
        return {
            (key, "storage"): Expected(self._convert(fee, self.currency_id, currency, day), name=key.partition(",")[2])
            for key in keys
            if key.startswith("storage,") and fee
        }

    def _add_earlier(self, expected, bill):
        """What earlier bills have charged, and those that did.

        :return: ``(expected, {(key, kind, amount)})``
        """
        keys = {key for key, _kind in expected}
        charged = self.env["oms.bill.line"]._find_charged(keys, bill.ids)
        for place, lines in charged.items():
            if place in expected:
                numbers = tuple(lines.move_id.mapped(lambda move: move.ref or move.name or ""))
                expected[place] = replace(expected[place], bills=numbers)
        amounts = {
            (*place, exact(line.amount, line.currency_id.name))
            for place, lines in charged.items()
            for line in lines
            if line.currency_id == bill.currency_id  # ten euros are not the ten dollars of another bill
        }
        return expected, frozenset(amounts)
