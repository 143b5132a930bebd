"""48 people as one group by Bayes' rule: how long it takes, and whether the draws can be trusted.

``python -m benchmarks.group_fit [FILE [FOLDER]]``: the table of Kim, Parvin & Ivry (2019), by default beside the checkout; the fits stay in
the folder, if one is named. Writes ``benchmarks/results/group_fit.json``.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.keep import keep
from rig.cli import main as twinrig
from rig.models.bayes_fits import GROUP

TABLE = Path(__file__).resolve().parents[2] / "shared" / "data" / "kim2019_clamp_e1.csv.gz"
COLUMNS = ("participant=SN", "trial=TN", "target_angle_deg=ti")
DERIVES = (
    "action_reach_angle_deg=hand_theta+0/(abs(hand_theta)<70)",
    "hit=(clampi==1 and tgtsize>10) or (clampi==0 and fbi==1 and abs(hand_theta)<0.358*tgtsize)",
    "cursor_error_deg=-ri*clampi-hand_theta*fbi*(1-clampi)",
)
DRAWN = ("--warmup", "300", "--draws", "800")


def words(table: Path, out: Path) -> list[str]:
    """The command."""
    named = [word for column in COLUMNS for word in ("--column", column)] + [word for one in DERIVES for word in ("--derive", one)]
    how = ["--protocol", "reach-rotation", "--learner", "task-outcome", "--method", "bayes", "--hierarchical"]
    return ["fit", str(table), *how, *DRAWN, *named, "--out", str(out)]


def main() -> None:
    table = Path(sys.argv[1]) if len(sys.argv) > 1 else TABLE
    if not table.is_file():
        print(f"group_fit: {table} is absent, so nothing is measured", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(scratch) / "fits"
        began, used = time.perf_counter(), time.process_time()
        if twinrig(words(table, out)) != 0:
            raise RuntimeError("the fit failed")
        passed, cpu = time.perf_counter() - began, time.process_time() - used
        group = json.loads((out / GROUP).read_text(encoding="utf-8"))
    told = {name: group[name] for name in ("n_trials", "r_hat", "ess", "divergences", "steps", "verdict")}
    keep(
        "group_fit",
        {"people": len(group["participants"]), **told, "sampling_s": round(group["seconds"]), "s": round(passed), "cpu_s": round(cpu)},
    )


if __name__ == "__main__":
    main()
