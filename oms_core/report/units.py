from odoo.tools import SQL


def join_units(row, column="product_uom_id", unit="lu"):
    """The joins by which a quantity of a row is told in the unit of its product: ``quantity * lu.factor / pu.factor``.

    :param row: alias of the row, which has a ``product_id``. Its product is ``p``, the template ``t``, their unit ``pu``.
    :param column: of its own unit, whose alias is ``unit``.
    """
    return SQL(
        """JOIN product_product p ON p.id = %(product)s
              JOIN product_template t ON t.id = p.product_tmpl_id
              JOIN uom_uom %(unit)s ON %(unit_id)s = %(own)s
              JOIN uom_uom pu ON pu.id = t.uom_id""",
        product=SQL.identifier(row, "product_id"),
        unit=SQL.identifier(unit),
        unit_id=SQL.identifier(unit, "id"),
        own=SQL.identifier(row, column),
    )
