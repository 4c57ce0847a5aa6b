"""Titles, descriptions and pictures: cleaned, measured, told where they differ."""

import doctest
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_channels.domain import content
from odoo.addons.oms_channels.domain.adapter import ContentRules
from odoo.addons.oms_channels.domain.content import (
    as_markup,
    as_text,
    clean,
    differing,
    digests,
    fit_pictures,
    one_line,
)
from odoo.addons.oms_channels.domain.outgoing import Picture
from odoo.addons.oms_channels.platforms import PLATFORMS


def test_the_examples_are_right():
    assert doctest.testmod(content).failed == 0


@pytest.mark.parametrize(
    "written, kept",
    (
        ('<p style="x" onclick="y()">A</p>', "<p>A</p>"),
        ("<script>alert(1)</script>A<style>p{}</style>", "A"),
        ('<iframe src="https://x.example"></iframe><p>A</p>', "<p>A</p>"),
        ("<svg><script>x</script><p>in it</p></svg>A", "A"),
        ("<p>A<!-- inner note --></p>", "<p>A</p>"),
        ('<a href="https://a.example/x">A</a>', '<a href="https://a.example/x">A</a>'),
        ('<a href="/web#id=7">A</a>', "A"),
        ('<a href="mailto:boss@example.com">A</a>', "A"),
        ('<a href="https://user:secret@a.example">A</a>', "A"),
        ('<a href="java\nscript:x()">A</a>', "A"),
        ('<a href="https://ERP.example/web">A</a>', "A"),
        ("<section><p>A</p></section>", "<p>A</p>"),
        ("<ul><li>A<li>B</ul>", "<ul><li>A<li>B</li></li></ul>"),
        ("A</b></p>", "A"),
        ("<p>A<br/>B</p>", "<p>A<br>B</p>"),
        ("<div/>A", "<div>A</div>"),
        ("1 &lt; 2 &amp;&nbsp;3", "1 &lt; 2 &amp;\xa03"),
        ("A\0\x08B", "AB"),
        ("   ", ""),
        ("<p>&nbsp;</p><ul><li></li></ul>", ""),
    ),
)
def test_only_what_means_something_stays(written, kept):
    assert clean(written, hidden_host="erp.example") == kept


def test_where_links_are_not_taken_their_text_is():
    assert clean('<p>See <a href="https://a.example">there</a></p>', links=False) == "<p>See there</p>"


class Checker(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen = [], set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        assert set(dict(attrs)) <= ({"href"} if tag == "a" else set())
        if tag not in content.ALONE:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


PIECES = [
    "<p>",
    "</p>",
    "<b>",
    "</b>",
    "<script>",
    "</script>",
    "<a href='https://a.example'>",
    "</a>",
    "<br>",
    "<img src=x>",
]
PIECES += [
    "<iframe>",
    "<",
    ">",
    "&",
    "&lt;",
    "&#0;",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "</",
    "<li>",
    "<p onload=x>",
    "A",
]
PIECES += ["\ud800"]


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_whatever_is_written_what_comes_out_is_well_formed_and_cleaning_it_again_changes_nothing(pieces):
    made = clean("".join(pieces))
    checker = Checker()
    checker.feed(made)
    checker.close()
    assert not checker.open and checker.seen <= content.KEPT | {"a"}
    assert clean(made) == made
    made.encode()


@given(st.text(st.sampled_from("Ab <>&;\"'é\n\t•"), max_size=60))
def test_plain_text_survives_the_way_into_markup_and_back(text):
    lines = [one_line(line) for line in text.split("\n")]
    assert as_text(as_markup(text)) == "\n".join(line for line in lines if line and line != "•")


def pictures(*keys):
    return [Picture(key, f"{key}.jpg", "image/jpeg", bytes, alt=key) for key in keys]


def test_a_picture_that_is_there_twice_is_told_once_and_no_more_than_are_taken():
    rules = ContentRules(pictures="file", pictures_max=2)
    assert [picture.key for picture in fit_pictures(pictures("a", "b", "a", "c"), rules)] == ["a", "b"]
    assert fit_pictures(pictures("a"), ContentRules()) == ()


def test_each_part_differs_by_itself():
    told = digests("Mug", "<p>Blue</p>", pictures("a", "b"), "en_US")
    assert differing(told, {}) == content.PARTS
    assert differing(told, told) == ()
    assert differing(digests("Cup", "<p>Blue</p>", pictures("a", "b"), "en_US"), told) == ("title",)
    assert differing(digests("Mug", "<p>Blue</p>", pictures("b", "a"), "en_US"), told) == ("pictures",)
    assert differing(digests("Mug", "<p>Blue</p>", pictures("a", "b"), "de_DE"), told) == ("title", "description")
    assert differing(digests("Mug", "", None, "en_US"), told) == ("description",)
    assert differing(digests("Mug", "", [], "en_US"), {}) == ("title",), "what nobody told is not emptied"
    assert differing(digests("Mug", "", [], "en_US"), told) == ("description", "pictures")


def test_every_platform_that_takes_content_says_what_it_takes():
    for adapter in PLATFORMS.values():
        rules = adapter.capabilities.content
        if rules:
            assert rules.pictures in ("", "file", "address") and rules.title_max >= 80 and rules.pictures_max > 0
            assert rules.kinds <= {"image/jpeg", "image/png", "image/gif", "image/webp"} and "image/jpeg" in rules.kinds
            assert adapter.capabilities.content_batch >= 1
