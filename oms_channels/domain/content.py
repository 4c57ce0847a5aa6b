"""Titles, descriptions and pictures as platforms take them: cleaned, measured, and told only where they differ.

What a description may hold is a short list of elements without attributes; everything else is left out and its text kept.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser

from .adapter import ContentRules
from .outgoing import Picture

#: What is told of a listing's content, each for itself.
PARTS = ("title", "description", "pictures")

#: Elements that keep their meaning everywhere, and those of them that stand alone.
KEPT = frozenset(
    "p br b strong i em u s sub sup small ul ol li dl dt dd h1 h2 h3 h4 h5 h6 table caption thead tbody tfoot tr th td "
    "blockquote hr div".split()
)
ALONE = frozenset({"br", "hr"})
#: After these a new line begins where there is only text.
BLOCKS = KEPT - frozenset("b strong i em u s sub sup small br th td".split())
#: Elements of which nothing is kept, not even the text.
DROPPED = frozenset("script style head title template iframe object svg noscript textarea select button form".split())
#: Of these a parser meets no end.
VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
UNFIT = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff￾￿]")
#: Of another site; none with a name and a password in it.
ADDRESS = re.compile(r"https?://(?P<host>[^\s/?#@\\:]+)(:\d{1,5})?([/?#]\S*)?", re.IGNORECASE)
BLANKS = re.compile(r"[ \t\r\n\xa0]+")
DIGEST_CHARS = 16


class _Cleaner(HTMLParser):
    """Writes again what may stay, with every element closed.

    :param links: whether links to other sites stay.
    :param hidden_host: whose links never stay: ours are nobody's business.
    """

    def __init__(self, links: bool, hidden_host: str = ""):
        super().__init__(convert_charrefs=True)
        self.links, self.hidden_host = links, hidden_host.lower()
        self.written: list[str] = []
        self.open: list[str] = []
        self.dropping = 0

    def handle_starttag(self, tag, attrs):
        if tag in DROPPED:
            self.dropping += 1
        elif self.dropping:
            return
        elif tag in ALONE:
            self.written.append(f"<{tag}>")
        elif tag == "a" and self.links and (address := self._address(dict(attrs))):
            self._begin("a", f' href="{html.escape(address)}"')
        elif tag in KEPT:
            self._begin(tag)

    def handle_startendtag(self, tag, attrs):
        # HTML knows no elements that end at once but the void ones; a browser takes <div/> for <div>.
        if tag not in DROPPED:
            self.handle_starttag(tag, attrs)

    def _address(self, attributes):
        address = UNFIT.sub("", attributes.get("href") or "").strip()
        found = ADDRESS.fullmatch(address)
        return address if found and found["host"].lower() != self.hidden_host else ""

    def _begin(self, tag, attributes=""):
        self.open.append(tag)
        self.written.append(f"<{tag}{attributes}>")

    def handle_endtag(self, tag):
        if tag in DROPPED:
            self.dropping = max(self.dropping - 1, 0)
        elif not self.dropping and tag in self.open:
            while (last := self.open.pop()) != tag:
                self.written.append(f"</{last}>")
            self.written.append(f"</{tag}>")

    def handle_data(self, data):
        if not self.dropping:
            self.written.append(html.escape(UNFIT.sub("", data), quote=False))

    def finish(self) -> str:
        self.close()
        while self.open:
            self.written.append(f"</{self.open.pop()}>")
        return "".join(self.written)


def clean(markup: str, links: bool = True, hidden_host: str = "") -> str:
    """A description with nothing in it that could run, load or look for something; empty if it says nothing.

    >>> clean('<p class="o_x">Soft <b>wool</b><script>x()</script><img src="/web/image/7"></p><p>washable')
    '<p>Soft <b>wool</b></p><p>washable</p>'
    >>> clean('<p><br></p>'), clean('<a href="javascript:x()">A</a> &lt;b&gt; <a href="https://a.example/?b&amp;c">d</a>')
    ('', 'A &lt;b&gt; <a href="https://a.example/?b&amp;c">d</a>')

    :param hidden_host: links to it are left out, their text is kept.
    """
    cleaner = _Cleaner(links, hidden_host)
    cleaner.feed(markup)
    made = cleaner.finish().strip()
    return made if as_text(made) else ""


class _Writer(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.written: list[str] = []
        self.dropping = 0

    def handle_starttag(self, tag, attrs):
        if tag in DROPPED:
            self.dropping += 1
        elif tag == "li":
            self.written.append("\n• ")
        elif tag in BLOCKS or tag == "br":
            self.written.append("\n")
        elif tag in ("td", "th"):
            self.written.append(" ")

    def handle_endtag(self, tag):
        if tag in DROPPED:
            self.dropping = max(self.dropping - 1, 0)
        elif tag in BLOCKS:
            self.written.append("\n")

    def handle_data(self, data):
        if not self.dropping:
            self.written.append(BLANKS.sub(" ", UNFIT.sub("", data)))


def as_text(markup: str) -> str:
    """What a description says, line by line, without markup.

    >>> as_text('<h2>Mug</h2><p>Blue &amp; <b>large</b></p><ul><li>0.4 l</li><li>dishwasher</li></ul>')
    'Mug\\nBlue & large\\n• 0.4 l\\n• dishwasher'
    """
    writer = _Writer()
    writer.feed(markup)
    writer.close()
    lines = (BLANKS.sub(" ", line).strip() for line in "".join(writer.written).split("\n"))
    return "\n".join(line for line in lines if line and line != "•")


def as_markup(text: str) -> str:
    """Plain text as markup: an empty line ends a paragraph.

    >>> as_markup("Blue & large\\nby hand\\n\\n0.4 l")
    '<p>Blue &amp; large<br>by hand</p><p>0.4 l</p>'
    """
    parts = re.split(r"\n[ \t]*\n", UNFIT.sub("", text.replace("\r\n", "\n")).strip())
    return "".join(
        f"<p>{'<br>'.join(html.escape(line.strip(), quote=False) for line in part.strip().split(chr(10)))}</p>"
        for part in parts
        if part.strip()
    )


def one_line(text: str) -> str:
    """A title: one line, no blanks at its ends.

    >>> one_line("  Mug,\\n blue ")
    'Mug, blue'
    """
    return BLANKS.sub(" ", UNFIT.sub("", text)).strip()


def fit_pictures(pictures: Sequence[Picture], rules: ContentRules) -> tuple[Picture, ...]:
    """The pictures that a platform takes: each once, the first ones if there are too many."""
    once = {picture.key: picture for picture in pictures}
    return tuple(once.values())[: rules.pictures_max] if rules.pictures else ()


# ---- What differs ----


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_CHARS]


def digests(title: str, description: str, pictures: Sequence[Picture] | None, language: str) -> dict[str, str]:
    """By what each part is known again; a part that there is nothing of is empty.

    >>> digests("Mug", "", None, "en_US").keys(), digests("", "", [], "en_US")
    (dict_keys(['title', 'description']), {'title': '', 'description': '', 'pictures': ''})

    :param pictures: ``None``: they are not told.
    """
    found = {name: text and _digest(text, language) for name, text in (("title", title), ("description", description))}
    if pictures is not None:
        # Their alternative texts do not count: for a new name no picture is fetched again. How many there are is of use where
        # each has a place of its own.
        keys = [picture.key for picture in pictures]
        found["pictures"] = f"{len(keys)}:{_digest(*keys)}" if keys else ""
    return found


def differing(wanted: Mapping[str, str], told: Mapping[str, str]) -> tuple[str, ...]:
    """The parts that the platform is to be told. What it was never told by us is not emptied: it is somebody else's.

    >>> differing({"title": "a", "description": "", "pictures": ""}, {"title": "b", "pictures": "1:c"})
    ('title', 'pictures')
    """
    return tuple(part for part in PARTS if part in wanted and wanted[part] != told.get(part, ""))


def pictures_told(told: Mapping[str, str]) -> int:
    """How many pictures a platform was told last.

    >>> pictures_told({"pictures": "3:0123"}), pictures_told({})
    (3, 0)
    """
    count = told.get("pictures", "").partition(":")[0]
    return int(count) if count.isdecimal() else 0
