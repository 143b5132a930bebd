import pytest

from devices.manipulandum_calibration import bench_calibration
from protocols.errors import BadInput
from protocols.load import parse_protocol
from rig.session.motors import check_fields, check_motors
from tests.short import SKITTLES, short_protocol

CURL = 'trials = 4\nforce = { kind = "curl", strength = 12.0 }'
CHANNEL = "trials = 4\nforce = { channel_probability = 0.5 }"
VISCOUS = 'trials = 4\nforce = { kind = "viscous", strength = 3.0 }'


@pytest.fixture
def lever(tmp_path, monkeypatch):
    file = tmp_path / "manipulandum.toml"
    file.write_text('mechanics = "lever"\n')
    monkeypatch.setenv("TWINRIG_MANIPULANDUM", str(file))


@pytest.mark.parametrize("force", [CURL, CHANNEL])
def test_a_rig_with_a_lever_is_told_before_the_session(lever, force):
    protocol = parse_protocol(short_protocol(blocks=("trials = 4", force)), "short.toml")
    with pytest.raises(BadInput, match=r"phase 'practice', block 2: force: a lever has one motor.*use a viscous field, or a handle"):
        check_motors(protocol, "manipulandum", simulated=False)
    check_motors(protocol, "manipulandum", simulated=True)
    check_motors(protocol, "mouse", simulated=False)


def test_a_lever_resists_and_a_handle_gives_all(lever):
    throws = parse_protocol(short_protocol(kind=SKITTLES, blocks=(VISCOUS,)), "short.toml")
    check_motors(throws, "manipulandum", simulated=False)
    check_fields(parse_protocol(short_protocol(blocks=(VISCOUS, CURL, CHANNEL)), "short.toml"), bench_calibration("handle"))


def test_a_field_beyond_the_boards_numbers_is_refused():
    strong = bench_calibration("handle").model_copy(update={"newtons_per_step": 1e-5, "metres_per_count": 1e-3})
    with pytest.raises(BadInput, match=r"block 1: force: the force field is stronger.*weaken it"):
        check_fields(parse_protocol(short_protocol(blocks=(CURL,)), "short.toml"), strong)
