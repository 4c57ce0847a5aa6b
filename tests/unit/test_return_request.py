"""What a customer asks to send back, read from a hostile form, and the photos with it."""

import struct
import zlib
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from PIL import Image

from odoo.addons.oms_channels.platforms.rest_api.parse import return_request
from odoo.addons.oms_core.domain.documents import (
    QUANTITY_MAX,
    RETURN_LINES_MAX,
    RETURN_WORDS_MAX,
    Problem,
    ReturnRequestDoc,
    ReturnRequestLineDoc,
)
from odoo.addons.oms_returns import photos
from odoo.addons.oms_returns.domain.return_form import number, read

LINE = ReturnRequestLineDoc("7", Decimal(1))
REQUEST = ReturnRequestDoc("k1", (LINE,), way="mail")


def codes(request):
    return [problem.code for problem in request.problems()]


# ------------------------------------------------------------------------------------------------------- DOCUMENT


def test_a_request_that_is_all_right_has_no_problems():
    assert codes(REQUEST) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"external_id": ""}, "missing_id"),
        ({"external_id": "x" * 65}, "missing_id"),
        ({"external_id": "a\0b"}, "missing_id"),
        ({"lines": ()}, "no_lines"),
        ({"lines": (LINE, LINE)}, "bad_line"),
        ({"lines": tuple(replace(LINE, line_id=str(n)) for n in range(RETURN_LINES_MAX + 1))}, "bad_line"),
        ({"way": "pigeon"}, "bad_way"),
        ({"note": "x" * (RETURN_WORDS_MAX + 1)}, "bad_text"),
        ({"lines": (replace(LINE, quantity=Decimal(0)),)}, "bad_quantity"),
        ({"lines": (replace(LINE, quantity=Decimal("NaN")),)}, "bad_quantity"),
        ({"lines": (replace(LINE, quantity=QUANTITY_MAX + 1),)}, "bad_quantity"),
        ({"lines": (replace(LINE, outcome="gold"),)}, "bad_outcome"),
        ({"lines": (replace(LINE, exchange_for="9"),)}, "bad_outcome"),
        ({"lines": (replace(LINE, comment="x" * (RETURN_WORDS_MAX + 1)),)}, "bad_text"),
        ({"parse_problems": (Problem("odd", "Odd."),)}, "odd"),
    ],
)
def test_each_thing_that_is_wrong_has_its_code_and_a_sentence(change, code):
    problems = replace(REQUEST, **change).problems()
    assert [problem.code for problem in problems] == [code]
    assert problems[0].message.endswith(".")


def test_what_is_wrong_about_a_line_names_it():
    assert replace(REQUEST, lines=(replace(LINE, quantity=Decimal(-1)),)).problems()[0].line_id == "7"


# ----------------------------------------------------------------------------------------------------------- FORM

FORM = {
    "request": "k1",
    "take_7": "1",
    "qty_7": " 2 ",
    "reason_7": "3",
    "outcome_7": "exchange",
    "variant_7": "55",
    "comment_7": "Too\r\nsmall\x00",
    "qty_8": "1",
    "outcome_8": "refund",
    "way": "store",
    "store": "LYON",
    "expected": "24.00",
}


def test_a_form_is_the_lines_that_were_ticked():
    request = read(FORM, {"7", "8"})
    line = ReturnRequestLineDoc("7", Decimal(2), "3", "exchange", "55", "Too\nsmall")
    assert request == ReturnRequestDoc("k1", (line,), "store", "LYON", "", Decimal("24.00"))
    assert codes(request) == []


def test_the_same_form_in_any_order_is_the_same_request():
    both = {**FORM, "take_8": "1"}
    assert read(both, {"7", "8"}) == read(dict(reversed(both.items())), {"8", "7"})


@pytest.mark.parametrize(
    "text", ["", "x", "1e9", "1e999999999", "NaN", "inf", "-inf", "9" * 21, "٣", "²", None, b"1", object()]
)
def test_what_is_no_quantity_is_refused_and_nothing_breaks(text):
    request = read({**FORM, "qty_7": text}, {"7"})
    assert codes(request) == ([] if text == "٣" else ["bad_quantity"])


def test_a_comma_is_a_point():
    assert (number("1,5"), number("1e2")) == (Decimal("1.5"), Decimal(-1))


def test_lines_of_another_order_are_refused():
    assert codes(read({**FORM, "take_9": "1"}, {"7", "8"})) == ["bad_line"]
    assert codes(read({"request": "k", "take_9'; DROP": "1"}, {"7"})) == ["bad_line", "no_lines"]


def test_another_variant_only_counts_for_an_exchange_and_a_store_only_where_it_is_brought_to_one():
    request = read({**FORM, "outcome_7": "refund", "way": "mail"}, {"7"})
    assert (request.lines[0].exchange_for, request.store_ref) == ("", "")


@pytest.mark.parametrize(
    ("way", "told", "day"),
    [
        ("pickup", "2026-03-10", date(2026, 3, 10)),
        ("mail", "2026-03-10", None),
        ("pickup", "2026-02-30", None),
        ("pickup", "tomorrow", None),
        ("pickup", None, None),
    ],
)
def test_a_day_only_counts_where_a_driver_comes(way, told, day):
    assert read({**FORM, "way": way, "pickup_on": told}, {"7"}).pickup_on == day
    api = {"id": "k1", "way": "pickup", "lines": [{"line_id": "7", "quantity": 1}]} | (
        {"pickup_on": told} if told else {}
    )
    assert way != "pickup" or return_request(api).pickup_on == day


def test_a_file_in_the_place_of_a_word_is_nothing_and_long_words_are_cut():
    request = read({**FORM, "note": object(), "comment_7": "x" * 100_000, "way": "y" * 10_000}, {"7"})
    assert (request.note, len(request.lines[0].comment), len(request.way)) == ("", RETURN_WORDS_MAX, 64)


# --------------------------------------------------------------------------------------------------------- PHOTOS


def picture(kind="JPEG", size=(40, 30), mode="RGB", **values):
    out = BytesIO()
    Image.new(mode, size, "red").save(out, kind, **values)
    return out.getvalue()


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("JPEG", "CMYK")])
def test_a_photo_of_any_camera_becomes_a_jpeg(kind, mode):
    with Image.open(BytesIO(photos.clean(picture(kind, mode=mode)))) as made:
        assert (made.format, made.size) == ("JPEG", (40, 30))


def test_a_large_photo_is_made_smaller():
    with Image.open(BytesIO(photos.clean(picture(size=(4000, 3000))))) as made:
        assert made.size == (1600, 1200)


def test_where_and_with_what_it_was_taken_is_gone_and_it_stands_upright():
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Camera of Zoé", 6  # make, and turned by a quarter
    exif.get_ifd(0x8825)[1] = "N"  # place
    made = photos.clean(picture(exif=exif))
    with Image.open(BytesIO(made)) as image:
        assert not image.getexif()
        assert image.size == (30, 40)
    assert b"Camera" not in made


def test_what_hangs_on_a_photo_is_gone():
    for kind in photos.FORMATS:
        made = photos.clean(picture(kind) + b"<?php system($_GET[0]); ?><script>alert(1)</script>")
        assert b"script" not in made and b"php" not in made


def bomb():
    """A PNG that says it is 50,000 by 50,000, in a hundred bytes."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "format"),
        (b"<script>alert(1)</script>", "format"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "format"),
        (b"%PDF-1.7 ...", "format"),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "format"),
        (b"\xff\xd8\xff\xe0" + b"<script>" * 10, "format"),
        (picture()[:200], "format"),
        (b"MZ" + b"\0" * 100, "format"),
        (bomb(), "large"),
        (b"\0" * (photos.BYTES_MAX + 1), "large"),
    ],
)
def test_what_is_no_photo_is_refused_with_a_reason(content, code):
    with pytest.raises(photos.NoPhoto, match=code):
        photos.clean(content)
