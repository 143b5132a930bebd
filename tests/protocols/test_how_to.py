"""The examples of the how-to page are run, so that they stay true."""

import re
from pathlib import Path

import pytest

from protocols.load import parse_protocol
from protocols.schedule import base_schedule

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "write-a-protocol.md").read_text(encoding="utf-8")
SMALLEST, *TABLES = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_smallest_file_loads():
    assert len(base_schedule(parse_protocol(SMALLEST, "page"), "", 1)) == 280


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.strip().splitlines()[0])
def test_each_table_fits_into_it(table):
    retention = '[[phases]]\nname = "retention"\nkind = "retention"\nblocks = [{ trials = 8 }]\n' if "[study]" in table else ""
    source = SMALLEST + table if table.startswith("[phases.") else SMALLEST + retention + table
    parse_protocol(source, "page")


def test_each_perturbation_loads():
    shown = [line for line in re.findall(r"`(perturbation[^`]*)`", PAGE) if "..." not in line]
    of_reach = [words for words in shown if "mapping" not in words]
    assert len(of_reach) == 5 and len(shown) == 6
    for words in of_reach:
        parse_protocol(SMALLEST.replace("perturbation.rotation_deg = 30.0", words), "page")
