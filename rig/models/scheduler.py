"""Who computes many independent jobs: worker processes of this machine, or those of a Dask scheduler, here or on a cluster.

A job is a function of data alone, so no result depends on who computed it. A Dask worker that dies takes nothing with it: its jobs are
given to the others.
"""

import os
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from protocols.errors import BadInput
from rig.arithmetic import work_in_one_thread

WAIT = 30.0  # s for a scheduler to answer


def spread(
    function: Callable[..., Any], jobs: Sequence[tuple[Any, ...]], workers: int = 1, scheduler: str | None = None
) -> Iterator[tuple[int, Any]]:
    """Each job's place and result, as they are done. One worker: here, in order.

    Raises:
        BadInput: a scheduler that doesn't answer, or a file that doesn't describe one.
    """
    if scheduler is not None:
        yield from _over_dask(function, jobs, scheduler)
    elif workers == 1:
        yield from ((place, function(*job)) for place, job in enumerate(jobs))
    else:
        from joblib import Parallel, delayed

        work_in_one_thread()  # each of them: they take it from here
        yield from Parallel(n_jobs=workers, return_as="generator_unordered")(  # type: ignore[misc]
            delayed(_placed)(place, function, job) for place, job in enumerate(jobs)
        )


def check(scheduler: str | None) -> None:
    """See, before anything is written, whether somebody answers; of a file only whether it can be read.

    Raises:
        BadInput: as ``spread`` does.
    """
    if scheduler is not None and Path(scheduler).suffix == ".toml":
        slurm_table(Path(scheduler))
    elif scheduler is not None:
        with _client(scheduler):
            pass


def _placed(place: int, function: Callable[..., Any], job: tuple[Any, ...], flags: str | None = None) -> tuple[int, Any]:
    """``flags``: how XLA compiles where the job was asked for; a worker that hasn't computed yet does the same, to the last digit."""
    if flags is not None:
        os.environ.setdefault("XLA_FLAGS", flags)
    return place, function(*job)


def _over_dask(function: Callable[..., Any], jobs: Sequence[tuple[Any, ...]], scheduler: str) -> Iterator[tuple[int, Any]]:
    from distributed import as_completed

    with _client(scheduler) as client:
        futures = [client.submit(_placed, place, function, job, os.environ.get("XLA_FLAGS"), pure=False) for place, job in enumerate(jobs)]
        for future in as_completed(futures):
            yield future.result()
            future.release()


@contextmanager
def _client(scheduler: str) -> Iterator[Any]:
    """A client of the scheduler with this address, of the one that wrote this file, or of a new one whose workers are SLURM's."""
    from distributed import Client

    file = Path(scheduler)
    if file.suffix == ".toml":
        jobs, cluster = slurm_cluster(file)
        with cluster, Client(cluster) as client:
            cluster.scale(jobs=jobs)
            yield client
        return
    where = {"scheduler_file": scheduler} if file.is_file() else {"address": scheduler}
    try:
        client = Client(timeout=WAIT, **where)  # type: ignore[arg-type]
    except (OSError, ValueError) as error:
        raise BadInput(
            f"--scheduler {scheduler}: no Dask scheduler answers ({error}); start one with 'dask scheduler', give its address, such as"
            " tcp://127.0.0.1:8786, or a file with a [slurm] table"
        ) from error
    with client:
        yield client


def slurm_cluster(file: Path) -> tuple[int, Any]:
    """How many SLURM jobs a file asks for, and the cluster that submits them: its ``[slurm]`` table has ``jobs``, and what dask-jobqueue's
    ``SLURMCluster`` takes.

    Raises:
        BadInput: the file can't be read, or says something that SLURMCluster doesn't know.
    """
    jobs, table = slurm_table(file)
    from dask_jobqueue.slurm import SLURMCluster

    table["scheduler_options"] = {"dashboard_address": "127.0.0.1:0"} | table.get("scheduler_options", {})  # its page stays here
    try:
        return jobs, SLURMCluster(**table)
    except (TypeError, ValueError) as error:
        raise BadInput(f"--scheduler {file}: [slurm]: {error}; see dask-jobqueue's SLURMCluster for what it takes") from error


def slurm_table(file: Path) -> tuple[int, dict[str, Any]]:
    """How many jobs, and what else the ``[slurm]`` table says.

    Raises:
        BadInput: the file can't be read, or doesn't say how many.
    """
    try:
        table = dict(tomllib.loads(file.read_text(encoding="utf-8"))["slurm"])
    except (OSError, ValueError, KeyError) as error:
        raise BadInput(f"--scheduler {file}: expected a [slurm] table ({error}) with jobs, cores, memory, walltime") from error
    jobs = table.pop("jobs", None)
    if not isinstance(jobs, int) or jobs < 1:
        raise BadInput(f"--scheduler {file}: [slurm] jobs is {jobs!r}, expected a whole number from 1: how many SLURM jobs to submit")
    return jobs, table
