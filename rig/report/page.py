"""A report as data, and as one HTML file that needs no network: sections of figures, tables and plain sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import jinja2


@dataclass(frozen=True)
class Figure:
    """An SVG element with the sentence that says how to read it."""

    svg: str
    caption: str
    small: bool = False  # narrower than the page


@dataclass(frozen=True)
class Table:
    """Rows of text; ``verdicts`` colours a row by 'pass', 'warn' or 'fail', '' leaves it plain."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    verdicts: Sequence[str] = ()


@dataclass(frozen=True)
class Section:
    """A heading, a lead sentence, and what follows it. ``notes`` say what is missing and why."""

    title: str
    lead: str = ""
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()

    @property
    def anchor(self) -> str:
        """The name that the table of contents links to."""
        return self.title.lower().replace(" ", "-")


@dataclass(frozen=True)
class Card:
    """One summary number."""

    number: str
    label: str
    verdict: str = ""


@dataclass(frozen=True)
class Banner:
    """A line across the page that can't be overlooked."""

    text: str
    verdict: str = "warn"


@dataclass(frozen=True)
class Page:
    """All that one report says."""

    title: str
    subtitle: str
    banners: Sequence[Banner] = ()
    facts: Sequence[tuple[str, str]] = ()
    cards: Sequence[Card] = ()
    sections: Sequence[Section] = ()
    links: Sequence[tuple[str, str, str]] = ()  # address, title, one line
    version: str = ""
    made_from: str = "the session's journal, which is the record of reference"


@cache
def _template() -> jinja2.Template:
    source = files("rig.report").joinpath("templates", "report.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(source)


def to_html(page: Page) -> str:
    """The page as one HTML text; everything but the figures is escaped."""
    return _template().render(page=page)
