"""Many fits on two Dask workers, one of which is killed on the way, against the same fits in this process.

``python -m benchmarks.dask_fits [FITS]``. Writes ``benchmarks/results/dask_fits.json``.
"""

import os
import signal
import sys
import time

from distributed import Client, LocalCluster

from benchmarks.keep import keep
from rig.models.recovery import Asked, jobs_of, run_job
from rig.models.scheduler import spread

FITS = 1000


def main() -> None:
    fits = int(sys.argv[1]) if len(sys.argv) > 1 else FITS
    asked = Asked("reach-reward", ("local-level",), (60,), fits, 0, (), 2)
    jobs = [(asked, job) for job in jobs_of(asked)]
    began = time.perf_counter()
    here = dict(spread(run_job, jobs))
    alone = time.perf_counter() - began
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1") as cluster:
        with Client(cluster) as client:
            first = next(iter(client.run(os.getpid).values()))
        began, there = time.perf_counter(), {}
        for place, result in spread(run_job, jobs, scheduler=cluster.scheduler_address):
            there[place] = result
            if len(there) == fits // 3:
                os.kill(first, signal.SIGKILL)
        passed = time.perf_counter() - began
    same = sum(here[place] == there[place] for place in here)
    keep("dask_fits", {"fits": fits, "same": same, "workers_killed": 1, "s": round(passed, 1), "one_process_s": round(alone, 1)})


if __name__ == "__main__":
    main()
