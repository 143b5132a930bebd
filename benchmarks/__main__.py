"""All measurements, one after the other: ``python -m benchmarks``, or some by name. Takes an hour; let nothing else run meanwhile.

The results are printed, kept in ``benchmarks/results``, and set out in ``docs/reference/measured.md``.
"""

import importlib
import sys

from benchmarks.measured import write_page

ALL = (
    "starts",
    "pointer",
    "frames",
    "sweep",
    "session",
    "pens_and_mice",
    "parts",
    "watching",
    "kills",
    "parity",
    "release_accuracy",
    "reproduction",
    "studies",
    "arc_speed",
    "simulate_speed",
    "bench_codec",
    "bench_soak",
    "bench_force",
    "bench_faults",
    "fit_speed",
    "fit_rival",
    "group_fit",
    "dask_fits",
    "calibration",
    "recovery",
    "model_recovery",
    "live",
    "adaptive",
)


def main() -> None:
    names = sys.argv[1:] or ALL
    for name in names:
        print(f"== {name}", flush=True)
        sys.argv = [name]
        importlib.import_module(f"benchmarks.{name}").main()
    write_page()


if __name__ == "__main__":
    main()
