"""Jobs on Dask workers: the same numbers as here, also when a worker is killed; SLURM files."""

import json
import os
import signal

import pytest

from protocols.errors import BadInput
from rig.cli import main
from rig.models.scheduler import slurm_cluster, spread
from tests.rig.models.test_fits import table


def slow_square(number: int, folder: str) -> tuple[int, int]:
    """The first to come to the fatal job kills its own process."""
    fatal = f"{folder}/killed"
    if number == 3 and not os.path.exists(fatal):  # noqa: PTH110
        os.close(os.open(fatal, os.O_CREAT | os.O_EXCL))
        os.kill(os.getpid(), signal.SIGKILL)
    return number**2, os.getpid()


@pytest.fixture(scope="module")
def cluster():
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1") as started:
        yield started.scheduler_address


@pytest.mark.slow
def test_a_killed_worker_loses_nothing(cluster, tmp_path):
    found = dict(spread(slow_square, [(number, str(tmp_path)) for number in range(12)], scheduler=cluster))
    assert (tmp_path / "killed").exists()
    assert {place: square for place, (square, _) in found.items()} == {n: n**2 for n in range(12)}
    assert os.getpid() not in {pid for _, pid in found.values()}


@pytest.mark.slow
def test_fits_by_dask_are_those_of_one_process(cluster, tmp_path):
    file = table(tmp_path, ("A1", "B2", "C3"))
    words = ["fit", str(file), "--protocol", "reach-reward", "--learner", "local-level", "--starts", "2"]
    assert main([*words, "--out", str(tmp_path / "here")]) == 0
    assert main([*words, "--out", str(tmp_path / "there"), "--scheduler", cluster]) == 0
    for name in ("A1", "B2", "C3"):
        here, there = (json.loads((tmp_path / where / name / "fit.json").read_text()) for where in ("here", "there"))
        for fit in (here, there):
            fit.pop("seconds"), fit.pop("seconds_compiling")
        assert here == there


def test_a_slurm_file_is_read_and_refused(tmp_path):
    file = tmp_path / "slurm.toml"
    file.write_text('[slurm]\njobs = 3\ncores = 2\nmemory = "4GB"\nwalltime = "01:00:00"\nqueue = "short"\ninterface = "lo"\n')
    jobs, cluster = slurm_cluster(file)
    with cluster:
        script = cluster.job_script()
    assert jobs == 3 and "#SBATCH -p short" in script and "#SBATCH -t 01:00:00" in script
    for text, said in (("", "slurm"), ("[slurm]\n", "jobs"), ("[slurm]\njobs = 1\ncolour = 3\n", "SLURMCluster")):
        file.write_text(text)
        with pytest.raises(BadInput, match=said):
            slurm_cluster(file)
