"""The simulated bench for tests; where it can't be built, they skip, and say loudly why."""

import pytest

from devices.bench import build
from devices.bench.bench import Bench
from devices.manipulandum_calibration import bench_calibration
from protocols.errors import BadInput
from rig.clock import now


def built(make):
    """What ``make`` (a function of ``devices.bench.build``) gives, or a skip."""
    try:
        return make()
    except BadInput as error:
        pytest.skip(f"NOT TESTED: {error}")


def bench(folder, mechanics="lever", drift_ppm=0.0) -> Bench:
    """A bench, not yet entered, whose truth is kept in the folder."""
    built(build.bench)
    built(build.firmware)
    return Bench(now, bench_calibration(mechanics), folder / "truth.f64", drift_ppm)
