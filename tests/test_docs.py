"""The documentation: links lead somewhere, all pages are found, and the page of commands knows the commands."""

import re
from pathlib import Path

import pytest

from rig.cli import COMMANDS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
LARGEST_PICTURE = 200_000  # bytes

_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def prose(page: Path) -> str:
    """A page without its code."""
    return _CODE.sub("", _FENCE.sub("", page.read_text(encoding="utf-8")))


def links(page: Path) -> list[tuple[Path, str]]:
    """What a page links to within the repository: file and anchor."""
    found = (link.partition("#") for link in _LINK.findall(prose(page)) if "://" not in link and not link.startswith("mailto:"))
    return [((page.parent / path).resolve() if path else page, anchor) for path, _, anchor in found]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target, anchor in links(page):
        assert target.exists(), f"{page.relative_to(ROOT)} links to {target}, which is not there"
        if anchor:
            assert anchor in anchors(target), f"{page.relative_to(ROOT)} links to #{anchor}, which {target.name} has not"


def test_every_page_is_reached_from_the_index():
    reached, waiting = set(), [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        waiting += [target for target, _ in links(page) if target.suffix == ".md" and target.exists() and DOCS in target.parents]
    assert {page for page in PAGES if DOCS in page.parents} == reached & set(PAGES)


def test_every_picture_is_shown_and_small():
    pictures = {path.resolve() for path in (DOCS / "pictures").iterdir()}
    shown = {target for page in PAGES for target, _ in links(page)}
    assert pictures - shown == set()
    assert {path.name for path in pictures if path.stat().st_size > LARGEST_PICTURE} == set()


def test_commands_page_and_command_line_name_the_same_commands():
    named = re.findall(r"^## `(\w+)`$", (DOCS / "reference/commands.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert named == [*COMMANDS]


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_page_names_every_option(name):
    import argparse
    import importlib

    parser = argparse.ArgumentParser(add_help=False)
    importlib.import_module(f"rig.commands.{name}").add_arguments(parser)
    options = {option for action in parser._actions for option in action.option_strings}
    page = (DOCS / "reference/commands.md").read_text(encoding="utf-8")
    section = page.split(f"\n## `{name}`\n")[1].split("\n## ")[0]
    usage = section.split("```")[1]
    assert set(re.findall(r"--[a-z-]+", usage)) == options


def test_settings_page_names_every_setting():
    from rig.settings import Settings

    page = (DOCS / "reference/settings.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z_]+)` \|", page, re.MULTILINE) == [*Settings.model_fields]
