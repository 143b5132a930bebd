import numpy as np
import pytest

from protocols.errors import BadInput
from protocols.force import Force, Kind, check_force, force_details, force_of, uses_force
from protocols.load import parse_protocol
from protocols.movement import minimum_jerk
from protocols.schedule import base_schedule
from protocols.task import Path, Trial
from tests.short import SKITTLES, short_protocol

CURL = 'trials = 200\nforce = { kind = "curl", strength = 12.0, channel_probability = 0.2 }'
TARGET = (0.0, 0.1)
FORCE = Force(Kind.CHANNEL, Kind.CURL, 12.0, 5.0, 1500.0, 0.0)


def reach(pressed: float) -> Path:
    """Straight ahead in 0.4 s, pressed against the wall with so many times the force that would undo the curl."""
    time = np.arange(401) / 1000
    ahead = 0.1 * np.asarray(minimum_jerk(time / 0.4))
    left = pressed * FORCE.strength * np.gradient(ahead, time) / FORCE.stiffness
    return Path(time, np.stack([-left, ahead], axis=1), np.zeros(401, int), 401)


def trial(number=1) -> Trial:
    return Trial(number, 1, number, 1, 0, TARGET)


@pytest.mark.parametrize("pressed", [1.0, 0.4, -0.2, 0.0])
def test_the_index_is_the_share_of_the_field_that_was_undone(pressed):
    details = force_details(FORCE, reach(pressed), trial(), 1.0)
    assert details["adaptation_index"] == pytest.approx(pressed, abs=1e-9)
    assert details["lateral_force"] == pytest.approx(pressed * 12.0 * 0.1 / 0.4 * 1.875, rel=0.01, abs=1e-9)
    assert details["perturbation_force"] == "channel"


def test_a_field_pushes_to_the_right_and_the_hand_that_undoes_it_to_the_left():
    from devices.force_field import curl

    field = curl(12.0, 5.0)
    push = -field.damping @ np.array([0.0, 0.5])  # moving ahead
    assert push == pytest.approx([6.0, 0.0])
    assert force_details(FORCE, reach(1.0), trial(), 1.0)["lateral_force"] > 0, "left is positive"


@pytest.mark.parametrize("change", [{"kind": Kind.CURL}, {"field": Kind.NONE, "strength": 0.0}, {"field": Kind.VISCOUS}])
def test_where_there_is_no_index_it_is_missing(change):
    assert np.isnan(force_details(FORCE._replace(**change), reach(1.0), trial(), 1.0)["adaptation_index"])
    assert np.isnan(force_details(FORCE, None, trial(), 1.0)["lateral_force"])


def test_channels_are_drawn_once_and_are_the_same_for_every_attempt():
    protocol = parse_protocol(short_protocol(blocks=(CURL,)), "short.toml")
    schedule = base_schedule(protocol, "", 3)
    kinds = [force_of(protocol, "", 3, one).kind for one in schedule]
    assert 25 < kinds.count(Kind.CHANNEL) < 55 and set(kinds) == {Kind.CURL, Kind.CHANNEL}
    assert kinds == [force_of(protocol, "", 3, one._replace(attempt=3, number=one.number + 7)).kind for one in schedule]
    assert kinds != [force_of(protocol, "", 4, one).kind for one in schedule]


def test_forces_need_a_device_with_motors_and_a_way_to_channel():
    protocol = parse_protocol(short_protocol(blocks=(CURL,)), "short.toml")
    assert uses_force(protocol)
    check_force(protocol, "manipulandum", "manipulandum")
    with pytest.raises(BadInput, match=r"--device mouse.*motors.*--device manipulandum"):
        check_force(protocol, "mouse", "manipulandum")
    throws = parse_protocol(short_protocol(kind=SKITTLES, blocks=(CURL,)), "short.toml")
    with pytest.raises(BadInput, match=r"for reaches.*viscous"):
        check_force(throws, "manipulandum", "manipulandum")
    plain = parse_protocol(short_protocol(), "short.toml")
    assert not uses_force(plain)
    check_force(plain, "mouse", "manipulandum")
