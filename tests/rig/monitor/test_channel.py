"""Commands to the session: understood word for word, refused in every other case, and never more than a few at a time."""

import json
import os
import socket
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.monitor.channel import AT_ONCE, LONGEST, LOOPBACK, Command, CommandChannel, send, understand
from rig.monitor.control import CONTROL, Control, new_control, read_control, remove_control, write_control

CONTROL_OF = Control("right", 9, os.getpid(), 0.0)


def message(**changes):
    return json.dumps({"token": "right", "action": "pause"} | changes).encode()


def test_a_command_comes_as_it_was_sent():
    with CommandChannel() as channel:
        control = new_control(channel.port)
        assert send(control, "note", "späte Lampe", 12.5)
        heard = channel.poll(control)
    assert heard.refused == []
    assert [(one.action, one.text, one.written) for one in heard.commands] == [("note", "späte Lampe", 12.5)]


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (message(token="wrong"), "wrong token"),
        (message(token=""), "wrong token"),
        (json.dumps({"action": "end"}).encode(), "no token"),
        (message(action="format disk"), "malformed"),
        (message(more=1), "malformed"),
        (message(written=float("nan")), "malformed"),
        (message(text="x" * 501), "malformed"),
        (message(token=5), "malformed"),
        (b"x" * (LONGEST + 1), "too long"),
        (b"[]", "malformed"),
        (b"", "malformed"),
    ],
)
def test_everything_else_is_refused(sent, why):
    assert understand(sent, CONTROL_OF) == why


@given(st.binary(max_size=200))
def test_noise_is_never_a_command(noise):
    assert not isinstance(understand(noise, CONTROL_OF), Command)


def test_few_are_looked_at_at_once_and_all_in_the_end():
    with CommandChannel() as channel, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        control = new_control(channel.port)
        for _ in range(5 * AT_ONCE):
            stranger.sendto(b"junk", (LOOPBACK, channel.port))
        send(control, "pause")
        looks = [channel.poll(control) for _ in range(7)]
    assert max(len(look.refused) for look in looks) == AT_ONCE
    assert sum(len(look.refused) for look in looks) == 5 * AT_ONCE
    assert [command.action for look in looks for command in look.commands] == ["pause"]


def test_control_is_for_this_user_alone(tmp_path):
    control = new_control(5)
    write_control(tmp_path, control)
    write_control(tmp_path, new_control(6))  # an earlier start's is replaced
    found = read_control(tmp_path)
    assert found is not None and found.port == 6 and found.alive() and found.allows(found.token) and not found.allows(control.token)
    if sys.platform != "win32":
        assert (tmp_path / CONTROL).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [CONTROL]
    remove_control(tmp_path)
    assert read_control(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"token": "x"}', '{"token": "x", "port": "y", "process": 1, "born": 0}'])
def test_a_control_file_that_is_none_means_that_no_session_runs(tmp_path, text):
    (tmp_path / CONTROL).write_text(text)
    assert read_control(tmp_path) is None


def test_a_process_that_is_gone_or_another_one_is_not_alive():
    mine = new_control(5)
    assert not mine._replace(born=mine.born - 100).alive()
    assert not mine._replace(process=2**22 + 1).alive()
