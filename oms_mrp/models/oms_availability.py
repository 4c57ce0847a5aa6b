from decimal import Decimal

from odoo import api, models

from odoo.addons.oms_core.domain.kits import leaves


class OmsAvailability(models.AbstractModel):
    """A kit lies on no shelf: what can be promised of it follows from its components, at each place."""

    _inherit = "oms.availability"

    @api.model
    def _get_components(self, products):
        """Override of ``oms_core``: by bills of materials of the kind *kit*, one query for each level of nesting.

        Components whose stock nobody counts are left out: there is always enough of them.
        """
        recipes, level = {}, products
        seen = products
        # sudo: what can be promised must not depend on who may read bills of materials
        boms_sudo = self.env["mrp.bom"].sudo()
        while level:
            found_sudo = boms_sudo._bom_find(level, company_id=self.env.company.id, bom_type="phantom")
            for kit, bom_sudo in found_sudo.items():
                if bom_sudo:
                    recipes[kit.id] = self._get_recipe(kit, bom_sudo)
            level = products.browse(dict.fromkeys(part for recipe in recipes.values() for part, _q in recipe)) - seen
            seen |= level
        if not recipes:
            return super()._get_components(products)
        counted = set(seen.sudo().filtered("is_storable").ids)  # sudo: as above
        return {
            kit: tuple((part, quantity) for part, quantity in parts if part in counted)
            for kit, parts in leaves(products.ids, recipes).items()
        }

    @api.model
    def _get_recipe(self, kit, bom):
        """[(product id, ``Decimal`` of it, in its own unit, in one unit of the kit)], without optional parts: of such a one
        the bill says zero."""
        batches = kit.uom_id._compute_quantity(1.0, bom.product_uom_id, round=False) / (bom.product_qty or 1.0)
        needed = [
            (
                line.product_id.id,
                Decimal(
                    repr(
                        line.product_uom_id._compute_quantity(
                            line.product_qty * batches, line.product_id.uom_id, round=False
                        )
                    )
                ),
            )
            for line in bom.bom_line_ids
            if not line._skip_bom_line(kit)
        ]
        return [(part, quantity) for part, quantity in needed if quantity]

    @api.model
    def _get_kits_of(self, products):
        """Override of ``oms_core``: the kits that some of these products are in, level by level."""
        # sudo: as above
        lines_sudo = self.env["mrp.bom.line"].sudo()
        kits, level = products.browse(), products
        while level:
            boms_sudo = lines_sudo.search(
                [
                    ("product_id", "in", level.ids),
                    ("bom_id.type", "=", "phantom"),
                    ("bom_id.company_id", "in", [False, self.env.company.id]),
                ]
            ).bom_id
            above = boms_sudo.product_id
            above |= boms_sudo.filtered(lambda bom: not bom.product_id).product_tmpl_id.product_variant_ids
            level = products.browse(above.ids) - kits
            kits |= level
        return kits
