"""Whatever a platform sends, in part, twice over or mistyped: it adds up, says why not, or is rejected with a sentence."""

import json
import re
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.oms_channels.domain import told
from odoo.addons.oms_channels.domain.adapter import Reject
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.tests.contract import payloads
from odoo.addons.oms_core.domain.documents import OrderDoc

#: What begins so is written as a bare number, which no number of Python would be.
BARE = "bare number "
ODD_VALUES = [
    None, True, False, "", " ", "x", "\0", "\ud800", 0, -1, 10**40, 10**4000, 1.5, float("nan"), float("inf"), "sNaN", "NaN",
    f"{BARE}1E+999999", f"{BARE}1e-999999", f"{BARE}-0.0", "1e999999", "-1e-999999", "0e999999", "0.0000001", "1,5", "９",
    "999999999999999.99", [], [None], [1], [[]], {}, {"a": 1}, {"id": None}, "9999-12-31T23:59:59-23:00", "DISCOUNT", "TAX",
]  # fmt: skip
BODIES = {
    platform: [(path.parent.name, path.read_bytes()) for path in payloads(platform) if path.parent.name != "raw"]
    for platform in PLATFORMS
}


def places(value, path=()):
    """Every place in a JSON document, as a path."""
    if path:
        yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        yield from places(item, (*path, key))


@st.composite
def mutilated(draw, platform):
    """One of the platform's payloads with up to six things in it dropped or replaced by something odd, and its kind."""
    kind, body = draw(st.sampled_from(BODIES[platform]))
    payload = json.loads(body, parse_float=lambda text: BARE + text)
    for _time in range(draw(st.integers(1, 6))):
        *way, last = draw(st.sampled_from(list(places(payload)) or [("id",)]))
        parent = payload
        for key in way:
            parent = parent[key]
        if draw(st.booleans()) and (isinstance(parent, list) or last in parent):
            del parent[last]
        else:
            parent[last] = deepcopy(draw(st.sampled_from(ODD_VALUES)))
    return kind, written(payload)


def written(payload):
    """As JSON, in bytes."""
    return re.sub(f'"{BARE}([^"]*)"', r"\1", json.dumps(payload)).encode()


@pytest.mark.parametrize("platform", PLATFORMS)
@settings(max_examples=400)
@given(data=st.data())
def test_a_mutilated_payload_adds_up_or_says_why_not(platform, data):
    kind, body = data.draw(mutilated(platform))
    try:
        document = PLATFORMS[platform].parse(kind, body)
    except Reject as why:
        assert str(why).endswith(".")
        return
    problems = document.problems()
    assert all(problem.code and problem.message.endswith(".") for problem in problems)
    if isinstance(document, OrderDoc):
        assert document.computed_total() == document.total or problems


@pytest.mark.parametrize("platform", PLATFORMS)
@settings(max_examples=100)
@given(data=st.data())
def test_anything_of_its_words_is_an_order_or_is_rejected(platform, data):
    ways = [way for _kind, body in BODIES[platform] for way in places(json.loads(body))]
    words = sorted({way[-1] for way in ways if isinstance(way[-1], str)})
    anything = st.recursive(
        st.sampled_from(ODD_VALUES),
        lambda children: st.dictionaries(st.sampled_from(words), children) | st.lists(children),
    )
    try:
        PLATFORMS[platform].parse("order", written(data.draw(anything))).problems()
    except Reject:
        pass


@pytest.mark.parametrize("platform", PLATFORMS)
@given(body=st.binary(max_size=200))
def test_any_bytes_are_an_order_or_are_rejected(platform, body):
    try:
        PLATFORMS[platform].parse("order", body)
    except Reject:
        pass


def test_what_tells_of_a_return_without_saying_what_is_rejected_at_the_door():
    with pytest.raises(Reject, match="no return"):
        told.event(b'{"omsTold": "return_told", "id": "7", "order": "802"}')
