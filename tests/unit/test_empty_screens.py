"""A list of the books without rows says in words what would stand there, and what an empty list means."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOOKS = "menu_oms_books"


def read(tag, **attributes):
    """(name of the add-on, element) of all views of the add-ons."""
    for path in sorted(ROOT.glob("oms_*/*/*.xml")):
        for element in ElementTree.parse(path).iter(tag):
            if all(element.get(name) == value for name, value in attributes.items()):
                yield path.relative_to(ROOT).parts[0], element


def full(addon, name):
    return name if "." in name else f"{addon}.{name}"


def text(record, field):
    return "".join(part for one in record.findall("field") if one.get("name") == field for part in one.itertext())


def test_each_list_below_books_has_words_for_when_it_is_empty():
    actions = {full(addon, one.get("id")): one for addon, one in read("record", model="ir.actions.act_window")}
    opened = [
        full(addon, one.get("action"))
        for addon, one in read("menuitem")
        if full(addon, one.get("parent") or "") == f"oms_core.{BOOKS}" and one.get("action")
    ]
    lists = [name for name in opened if text(actions[name], "target") != "new"]
    assert len(lists) > 10
    assert [name for name in lists if not text(actions[name], "help").strip()] == []


def test_each_table_and_chart_has_a_name_to_put_over_the_rows_that_a_number_of_it_opens():
    """Without one, Odoo calls them “Untitled”."""
    views = [
        (record.get("id"), one.get("string"))
        for _addon, record in read("record", model="ir.ui.view")
        for kind in ("pivot", "graph")
        for one in record.iter(kind)
    ]
    assert len(views) > 30
    assert [view for view, name in views if not name] == []
