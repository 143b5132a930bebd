import pytest

from devices.pointer_settings import Pointers, load_pointers
from protocols.errors import BadInput


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("TWINRIG_POINTERS", str(tmp_path / "pointers.toml"))
    return tmp_path / "pointers.toml"


def test_without_a_file_nothing_is_named(file):
    assert load_pointers() == Pointers()


def test_a_table_for_each_role(file):
    file.write_text('[tablet]\nname = "Pen"\nwidth = 0.2\nheight = 0.1\n[left]\nnode = "/dev/input/event3"\nmetres_per_count = 1e-5\n')
    pointers = load_pointers()
    assert (pointers.tablet.name, pointers.tablet.width, pointers.left.node) == ("Pen", 0.2, "/dev/input/event3")
    assert pointers.left.measured and not pointers.right.measured


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tablet\n", "not valid TOML"),
        ("[tablet]\nwidth = -1.0\n", r"tablet\.width: .*greater than 0"),
        ("[tablet]\nwidth = 320.0\n", r"tablet\.width: .*less than or equal to 3"),
        ("[middle]\nname = 'x'\n", "middle: Extra inputs"),
        ("[left]\nmetres_per_count = 'many'\n", r"left\.metres_per_count"),
    ],
)
def test_a_wrong_file_is_named_with_its_place(file, text, message):
    file.write_text(text)
    with pytest.raises(BadInput, match=rf"pointers\.toml: {message}"):
        load_pointers()
