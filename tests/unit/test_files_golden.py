"""CAP-09, CAP-14: whole files, as partners of ours would send them, become the orders and the sentences that are expected.

``data/payloads/files/raw/<format>/<case>.<suffix>``, with ``<case>.expected.json`` beside it.
"""

import json
from datetime import datetime, timezone

import pytest

from odoo.addons.oms_channels.platforms.files import acks, parse, split
from odoo.addons.oms_channels.platforms.files.facts import Settings
from odoo.addons.oms_channels.tests.contract import EXPECTED_SUFFIX, PAYLOADS, canonical

RAW = PAYLOADS / "files" / "raw"
CASES = sorted(path for path in RAW.glob("*/*") if not path.name.endswith(EXPECTED_SUFFIX))
RECEIVED = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


def read(path):
    return split.read(path.read_bytes(), Settings(path.name, RECEIVED, currency="EUR"))


def told(file):
    """A file as plain JSON."""
    return {
        "orders": [
            {"rows": list(piece.rows), "kind": piece.kind, **canonical(parse.body(piece.kind, piece.body))}
            for piece in file.pieces
        ],
        "bad": [[bad.row, bad.number, bad.reason] for bad in file.bad],
        "columns": [list(column) for column in file.columns if not column[1]],
        "interchanges": [
            [interchange.control, json.loads(acks.answer(interchange, refused))["messages"], bool(interchange.fault)]
            for interchange, refused in file.interchanges
        ],
    }


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_a_file_becomes_the_expected_orders_and_sentences(path):
    expected = json.loads((path.parent / f"{path.stem}{EXPECTED_SUFFIX}").read_text(encoding="utf-8"))
    assert json.loads(json.dumps(told(read(path)))) == expected


def test_every_file_has_a_line_in_the_readme_and_every_expectation_a_file():
    readme = (PAYLOADS / "files" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in CASES if f"| `{path.name}` |" not in readme] == []
    assert {path.name.removesuffix(EXPECTED_SUFFIX) for path in RAW.glob(f"*/*{EXPECTED_SUFFIX}")} == {
        path.stem for path in CASES
    }


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_the_same_file_later_and_under_another_name_gives_the_same_keys(path):
    later = split.read(path.read_bytes(), Settings("copy", RECEIVED.replace(day=21), currency="EUR"))
    assert [piece.key for piece in later.pieces] == [piece.key for piece in read(path).pieces]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_every_row_is_in_an_order_or_named_with_a_reason(path):
    file = read(path)
    rows = [row for piece in file.pieces for row in piece.rows] + [bad.row for bad in file.bad if bad.row]
    assert len(rows) == len(set(rows))
    assert len(rows) == file.rows
    assert all(bad.reason for bad in file.bad)
