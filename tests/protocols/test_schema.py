"""The schema says every field's meaning and unit, and its values answer for themselves."""

import dataclasses
import math
import subprocess
import sys
import typing
from pathlib import Path

import pytest
from pydantic import BaseModel

from protocols.arc import Arc
from protocols.bimanual import Bimanual
from protocols.errors import BadInput
from protocols.load import load_protocol, parse_protocol
from protocols.reach import Reach
from protocols.reference import protocol_page
from protocols.schema import ArcTask, BimanualTask, Bonus, Points, Protocol, ReachTask, SkittlesTask, Target
from protocols.skittles import Skittles
from protocols.tasks import make_task
from tests.protocols.test_load import REACH, SKITTLES


def _models(model: type[BaseModel]) -> set[type[BaseModel]]:
    found = {model}

    def look(annotation: typing.Any) -> None:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found.update(_models(annotation))
        for inner in typing.get_args(annotation):
            look(inner)

    for field in model.model_fields.values():
        look(field.annotation)
    return found


def test_every_field_has_a_meaning_and_every_number_a_unit():
    models = _models(Protocol)
    assert len(models) > 20
    for model in models:
        assert model.model_config["extra"] == "forbid" and model.model_config["frozen"] and model.model_config["strict"]
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"
            if field.annotation is float or field.annotation == float | None:
                answer = model.__name__ in ("Question", "Exclusion")  # in the unit of what is asked or of the column
                assert answer or field.json_schema_extra["unit"], f"{model.__name__}.{name}"


def test_degrees_are_said_in_the_name():
    for model in _models(Protocol):
        for name, field in model.model_fields.items():
            assert ((field.json_schema_extra or {}).get("unit") == "deg") == name.endswith("_deg"), f"{model.__name__}.{name}"


@pytest.mark.parametrize(
    ("table", "task"),
    [
        (SkittlesTask(kind="skittles"), Skittles()),
        (ReachTask(kind="reach"), Reach()),
        (BimanualTask(kind="bimanual"), Bimanual()),
        (ArcTask(kind="arc"), Arc()),
    ],
)
def test_the_defaults_of_file_and_task_agree(table, task):
    """A constant that is changed in one of the two places would change what a file means."""
    apart = {"kind", "scoring", "target_distance"}
    named = {name.removesuffix("_deg"): math.radians(v) if name.endswith("_deg") else v for name, v in table if name not in apart}
    assert named == {f.name: getattr(task, f.name) for f in dataclasses.fields(task) if f.name not in apart}


def test_a_task_is_made_with_the_files_constants():
    source = SKITTLES.replace('task.kind = "skittles"', 'task = { kind = "skittles", penalty = 1.0, start_angle_deg = -90.0 }')
    task = make_task(parse_protocol(source + "\n[points]\npoints_hit = 5.0\npoints_range = 0.2\n", "study.toml"))
    assert (task.penalty, task.start_angle, task.scoring) == (1.0, pytest.approx(-math.pi / 2), (5.0, 0.2))
    reach = make_task(parse_protocol(REACH, "study.toml"))
    assert reach.target_distance == pytest.approx(0.08)


def test_target_by_angle_counts_counter_clockwise_from_the_right():
    assert Target(angle_deg=90.0, distance=0.1).position() == pytest.approx((0.0, 0.1))
    assert Target(angle_deg=-90.0, distance=0.1).position() == pytest.approx((0.0, -0.1))
    assert Target(x=0.3, y=-0.2).position() == (0.3, -0.2)


def test_a_protocol_never_changes_and_can_be_a_key():
    protocol = load_protocol("skittles").protocol
    with pytest.raises(ValueError, match="frozen"):
        protocol.name = "other"
    again = parse_protocol(load_protocol("skittles").source, "again")
    assert again is not protocol and {protocol: 1}[again] == 1


def test_conditions_by_name():
    protocol = load_protocol("reach-rotation").protocol
    assert protocol.condition("clockwise").rotation_sign == -1
    with pytest.raises(BadInput, match="has no condition 'left': choose from counterclockwise, clockwise"):
        protocol.condition("left")
    assert load_protocol("skittles").protocol.condition("").rotation_sign == 1


def test_sessions_have_their_own_phases_in_the_order_listed():
    source = REACH.replace("[[phases]]", 'study = { sessions = 2, phases = [["baseline"], ["training", "baseline"]] }\n[[phases]]', 1)
    protocol = parse_protocol(source, "study.toml")
    assert [phase.name for phase in protocol.for_session(1).phases] == ["baseline"]
    assert [phase.name for phase in protocol.for_session(2).phases] == ["training", "baseline"]
    with pytest.raises(BadInput, match="session 3 asked for"):
        protocol.for_session(3)


def test_words_come_from_the_file_then_from_twinrig():
    protocol = parse_protocol(SKITTLES.replace('practice = "Werfen."', 'practice = "Werfen."\ntoo_slow = "Schneller!"'), "study.toml")
    assert protocol.words("practice") == "Throw."
    assert protocol.words("too_slow", "de") == "Schneller!"
    assert protocol.words("too_slow", "en") == "Too slow"
    assert protocol.words("too_early", "de") == "Zu früh"


def test_money_stops_at_its_maximum():
    points = Points(bonus=Bonus(currency="EUR", per_point=0.02, maximum=5.0))
    assert (points.money(100), points.money(10_000)) == (2.0, 5.0)
    assert Points().money(100) == 0.0


def test_reading_a_file_needs_no_jax():
    """`twinrig protocol list` answers at once."""
    code = "import sys, protocols.load; protocols.load.load_protocol('skittles'); sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_reference_page_is_up_to_date():
    page = Path(__file__).resolve().parents[2] / "docs" / "reference" / "protocol-file.md"
    assert page.read_text(encoding="utf-8") == protocol_page(), "run: python -m protocols.reference docs/reference/protocol-file.md"
