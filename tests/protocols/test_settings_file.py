"""Files of settings: what is wrong in them is said, with the file's name."""

import pytest
from pydantic import BaseModel, ConfigDict

from protocols.errors import BadInput
from protocols.settings_file import read_settings_file


class Lamp(BaseModel):
    model_config = ConfigDict(extra="forbid")
    watts: float


def test_a_file_becomes_its_model(tmp_path):
    (tmp_path / "lamp.toml").write_text("watts = 40")
    assert read_settings_file(tmp_path / "lamp.toml", Lamp).watts == 40


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"watts = [", "not valid TOML"),
        (b"# M\xfcnchen\nwatts = 40", "not UTF-8"),
        (b"watts = 40\nvolts = 230", "volts"),
        (b'watts = "many"', "watts: .*'many'"),
        (None, "can't be read"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, content, said):
    if content is not None:
        (tmp_path / "lamp.toml").write_bytes(content)
    with pytest.raises(BadInput, match=said) as caught:
        read_settings_file(tmp_path / "lamp.toml", Lamp)
    assert str(tmp_path / "lamp.toml") in str(caught.value)
