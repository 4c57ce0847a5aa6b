"""The documented JSON: every error names its path, documentation and parser read the same tables, and it is fast enough."""

import json
import re
import time
from decimal import Decimal

import pytest

from odoo.addons.oms_channels.domain.adapter import Reject
from odoo.addons.oms_channels.platforms.rest_api import const, openapi, parse, reading, verify
from odoo.addons.oms_channels.platforms.rest_api.shapes import KINDS, SHAPES
from odoo.addons.oms_channels.tests.contract import payloads

CASES = {path.stem: json.loads(path.read_bytes()) for path in payloads("rest_api")}
DOCUMENT = openapi.document("https://erp.example.com")


def faults(value, schema, path="$"):
    """Where a value does not fit a JSON Schema: as much of 2020-12 as the document uses."""
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if "anyOf" in schema:
        tried = [list(faults(value, one, path)) for one in schema["anyOf"]]
        if all(tried):
            yield from min(tried, key=len)
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        yield f"{path}: {value!r} is no {kinds}"
        return
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{path}: {value!r} does not look like {schema['pattern']}"
    if isinstance(value, dict):
        yield from (f"{path}.{name} is missing" for name in schema.get("required", ()) if name not in value)
        for name, item in value.items():
            if name in schema.get("properties", {}):
                yield from faults(item, schema["properties"][name], f"{path}.{name}")
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from faults(item, schema.get("items", {}), f"{path}[{index}]")


def _is(value, kind):
    if kind in ("integer", "number") and isinstance(value, bool):
        return False
    of = {"string": str, "integer": int, "number": (int, float, Decimal), "boolean": bool, "null": type(None)}
    return isinstance(value, {**of, "object": dict, "array": list}[kind])


def problems(**changes):
    return parse.order({**CASES["chat_bot_least"], **changes}).problems()


# ---- Paths ----


@pytest.mark.parametrize(
    ("changes", "beginning"),
    [
        ({"lines": [{"total": "12,5"}]}, "lines[0].total: “12,5” is no number. Write it with a decimal point"),
        (
            {"lines": [{"total": 1}, {"total": 1}, {"total": 1, "taxes": [{"rate": 20, "amount": "12,5"}]}]},
            "lines[2].taxes[0].amount: “12,5” is no number",
        ),
        ({"lines": [{"total": 1}, 7]}, "lines[1]: “7” is no object"),
        ({"lines": {"total": 1}}, "lines: “dict” is no list"),
        ({"shipping": "Paris"}, "shipping: “Paris” is no object"),
        ({"total": None}, "total: is missing"),
        ({"ordered_at": "yesterday"}, "ordered_at: “yesterday” is no date and time"),
        ({"ordered_at": 1772445600}, "ordered_at: “1772445600” is no date and time"),
        ({"is_test": "yes"}, "is_test: “yes” is neither true nor false"),
        ({"payments": [{"id": "1", "amount": 5, "tender": "shells"}]}, "payments[0].tender: “shells” is none of"),
        ({"payments": [{"amount": 5}]}, "payments[0].id: is missing"),
        ({"refunds": [{"id": 1, "amount": -5}]}, "refunds[0].amount: -5 is not more than 0"),
        ({"refunds": [{"id": 1, "amount": 5, "lines": [{"amount": 1}]}]}, "refunds[0].lines[0].line_id: is missing"),
        ({"risk": {"facts": [{"weight": "x"}]}}, "risk.facts[0].weight: “x” is no number"),
        ({"total": "1e308"}, "total: “1e308” is no number"),
        ({"total": "NaN"}, "total: “NaN” is no number"),
        ({"lines": [{"id": 1, "total": 10}, {"id": "1", "total": 10}]}, "lines[1].id: “1” stands twice in “lines”"),
        ({"note": ["x"]}, "note: list is no text"),
    ],
)
def test_what_is_wrong_is_told_with_the_path_to_it(changes, beginning):
    found = [problem.message for problem in problems(**changes)]
    assert any(message.startswith(beginning) for message in found), found
    assert all(message.rstrip().endswith(".") for message in found)


def test_a_status_that_nobody_knows_is_no_order_and_not_an_open_one():
    assert "bad_status" in [problem.code for problem in problems(status="limbo")]


def test_too_many_rows_are_said_and_not_read():
    found = problems(lines=[{"total": 0}] * 2500)
    assert "2500 entries are more than" in found[0].message


@pytest.mark.parametrize(
    "raw", [b'{"total": NaN}', b'{"total": Infinity}', b"[" * 100_000, b"{", b"", b'{"id": 1e5', b"\xff"]
)
def test_what_json_does_not_have_is_no_json(raw):
    with pytest.raises(Reject, match="not JSON"):
        parse.body("order", raw)


def test_amounts_are_exact_whether_text_or_number():
    raw = (
        b'{"id": 1, "currency": "EUR", "total": 0.30, "ordered_at": "2026-03-02T10:00:00Z",'
        b' "lines": [{"total": 0.1}, {"total": "0.2"}]}'
    )
    order = parse.body("order", raw)
    assert order.computed_total() == order.total == Decimal("0.3")


def test_fields_that_nobody_reads_are_named():
    payload = {
        **CASES["chat_bot_least"],
        "adress": {},
        "lines": [{"total": 20, "taxes": [{"rate": 1, "amount": 0, "vat": 1}]}],
    }
    assert reading.unknown("Order", payload) == ["adress", "lines[0].taxes[0].vat"]
    assert len(reading.unknown("Order", {f"x{n}": 1 for n in range(500)})) == 20


def test_a_cancellation_and_a_refund_know_their_order():
    request = parse.body(
        "cancel_request", b'{"order_id": "A/1", "reason": "customer", "lines": [{"line_id": 1, "quantity": "2"}]}'
    )
    assert (request.order_ref, request.reason, request.items[0].line_ref, request.items[0].quantity) == (
        "A/1",
        "customer",
        "1",
        2,
    )
    told = parse.body("refund_told", b'{"order_id": "A/1", "id": "R", "amount": "5.00"}')
    assert (told.order_ref, told.refund.amount, told.problems()) == ("A/1", Decimal("5.00"), [])
    assert parse.body("refund_told", b'{"order_id": "A/1"}').problems()
    assert parse.body("cancel_request", b'{"order_id": "1", "lines": [{"line_id": 1, "quantity": -1}]}').problems()


# ---- Documentation ----


def test_every_field_is_of_a_kind_and_leads_somewhere():
    for name, fields in SHAPES.items():
        assert len({field.name for field in fields}) == len(fields), name
        for field in fields:
            assert field.kind in KINDS
            assert not field.of or field.of in SHAPES
            assert field.kind != "choice" or field.choices


@pytest.mark.parametrize("case", sorted(CASES))
def test_what_is_taken_without_complaint_fits_the_documentation_and_what_does_not_fit_is_complained_about(case):
    found = list(faults(CASES[case], {"$ref": "#/components/schemas/Order"}))
    shape_problems = parse.order(CASES[case]).parse_problems
    assert bool(found) == bool(shape_problems), (found, shape_problems)


def test_every_field_of_an_order_is_in_a_golden_payload():
    def names(value):
        return {name for name in value if value[name] is not None}

    everything = CASES["app_everything"]
    assert names(everything) >= {field.name for field in SHAPES["Order"]} - {"tax_included", "pickup_location"}


def test_the_document_is_whole():
    text = json.dumps(DOCUMENT)
    for name in re.findall(r"#/components/schemas/(\w+)", text):
        assert name in DOCUMENT["components"]["schemas"]
    for path, operations in DOCUMENT["paths"].items():
        for operation in operations.values():
            declared = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
            assert declared == set(re.findall(r"\{(\w+)\}", path))
            assert operation["responses"]
    assert DOCUMENT["openapi"] == "3.1.0"
    assert set(DOCUMENT["paths"]) >= {const.ORDERS_PATH, f"{const.ROOT}/stock"}


# ---- Signatures ----


def test_a_signature_is_for_one_method_path_and_moment():
    def signed(method="POST", path=const.ORDERS_PATH, timestamp="1772445600", body=b"{}", **over):
        made = {
            const.HEADER_TIMESTAMP: timestamp,
            const.HEADER_SIGNATURE: verify.signature("secret", method, path, timestamp, body),
            const.PSEUDO_METHOD: method,
            const.PSEUDO_PATH: path,
        }
        return {**made, **over}

    assert verify.verify(signed(), b"{}", "secret")
    assert verify.verify(signed("GET", "/oms/api/1/stock?skus=a", body=b""), b"", "secret")
    assert not verify.verify(signed(**{const.PSEUDO_METHOD: "GET"}), b"{}", "secret")
    assert not verify.verify(signed(**{const.PSEUDO_PATH: f"{const.ORDERS_PATH}/1/cancel"}), b"{}", "secret")
    assert not verify.verify(signed(**{const.HEADER_TIMESTAMP: "1772445601"}), b"{}", "secret")
    assert not verify.verify(signed(), b"{}", "")


@pytest.mark.parametrize(
    ("text", "fresh"),
    [
        ("1000", True),
        ("1300", True),
        ("1301", False),
        ("699", False),
        ("", False),
        ("-1", False),
        ("1e3", False),
        ("9" * 30, False),
        ("١٠٠٠", False),
        ("1000.5", False),
    ],
)
def test_a_request_is_fresh_for_some_minutes(text, fresh):
    assert verify.is_fresh({const.HEADER_TIMESTAMP: text}, 1000.0) is fresh


def test_the_secret_itself_lets_in_and_an_empty_one_nobody():
    assert verify.is_bearer({"authorization": "Bearer s3cret"}, "s3cret")
    for header in ("Bearer", "Bearer ", "Basic s3cret", "s3cret", "Bearer s3cret2", "Bearer ü"):
        assert not verify.is_bearer({"Authorization": header}, "s3cret")
    assert not verify.is_bearer({"Authorization": "Bearer "}, "")


# ---- Speed ----


def test_orders_are_read_fast():
    """At least 2,000 a second and core; measured on a busy machine with room to spare, by processor time."""
    raw = json.dumps(CASES["app_everything"]).encode()
    started = time.process_time()
    for _again in range(300):
        parse.body("order", raw)
    assert 300 / (time.process_time() - started) > 1000
