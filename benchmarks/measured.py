"""Sets out the stored results as docs/reference/measured.md. What was not measured has no row."""

from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

from benchmarks.keep import kept

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "measured.md"

#: Where the result is (file, and part of it), what was asked, what to reach, what was found. ``{0[name]}`` is a value of the result.
ROWS = (
    ("pointer", "1 kHz pointer for {0[seconds]:g} s", "none lost, in order",
     "{0[received]} of {0[injected]} events, one by one in the same places: {0[same_positions]}, with the same buttons: {0[same_buttons]}"),
    ("sweep", "1 kHz pointer for {0[seconds_of_motion]:g} s in a running session", "none lost, in order",
     "{0[samples]} samples in the journal of {0[events_injected]} events, {0[samples_lost]} lost by the counter, in order: {0[in_order]}; "
     "frames within 1.5 periods {0[frames_within_1.5_periods_percent]} %, work p99 {0[work_ms][p99]} ms"),
    ("session", "pointer events of a pilot's throws", "none lost, in order",
     "{0[events_received]} of {0[events_injected]} events, in order: {0[in_order]}"),
    *((f"pens_and_mice {device}", f"pilot of {{0[trials]}} trials through {words}, on an X server of its own", "none lost, in order",
       "{0[samples]} samples in the journal of {0[events_injected]} events, {0[samples_lost]} lost by the counter, "
       "in order: {0[in_order]}; the recording matches: {0[recording_matches_journal]}")
      for device, words in (("tablet", "a virtual pen"), ("two-pointers", "two virtual mice"))),
    ("frames", "frames alone, {0[frames]} of them", "at least 99.5 % within 1.5 periods",
     "{0[within_1.5_periods]:.2%}, work per frame p99 {0[work_ms][p99]} ms"),
    ("session", "frames of a pilot of {0[trials]} throws, all on", "at least 99.5 % within 1.5 periods",
     "{0[frames_within_1.5_periods_percent]} % of {0[frames]}"),
    ("session", "work per frame, p99", "under 5 ms", "{0[work_ms][p99]} ms; without the twin {0[without_twin][work_ms][p99]} ms"),
    ("session", "frames of the same without the twin", "at least 99.5 % within 1.5 periods",
     "{0[without_twin][frames_within_1.5_periods_percent]} % of {0[without_twin][frames]}"),
    ("session", "committed trial to next prediction, p99", "under 50 ms", "{0[commit_to_prediction_ms][p99]} ms"),
    ("session", "late frames within 0.1 s of a commit, of {0[frames_shortly_after_a_commit]}", "none more than without the twin",
     "{0[late_frames_shortly_after_a_commit]}; without the twin {0[without_twin][late_frames_shortly_after_a_commit]} "
     "of {0[without_twin][frames_shortly_after_a_commit]}"),
    ("kills simulated", "kill -9 of a simulated session, {0[kills]} times", "no committed trial lost", "{0[committed_trials_lost]} lost"),
    ("kills mouse", "kill -9 of a session through the real pointer, {0[kills]} times", "no committed trial lost",
     "{0[committed_trials_lost]} lost"),
    ("kills simulated", "children left 5 s after a kill, simulated", "none",
     "{0[kills_with_a_child_left_after_5_s]}; the last was gone after {0[longest_until_all_children_gone_s]} s"),
    ("kills mouse", "children left 5 s after a kill, real pointer", "none",
     "{0[kills_with_a_child_left_after_5_s]}; the last was gone after {0[longest_until_all_children_gone_s]} s"),
    ("kills simulated", "simulated session, killed and resumed", "bit-identical with one that was not",
     "records: {0[records_as_uninterrupted]}, twin: {0[twin_rows_as_uninterrupted]}"),
    ("kills mouse", "session through the real pointer, killed and resumed", "same schedule, twin as recomputed",
     "schedule: {0[schedule_as_planned]}, twin: {0[twin_rows_as_recomputed]}"),
    ("parts twin", "kill -9 of the twin, {0[kills]} times in a session", "goes on and says so, nothing lost, twin the same",
     "{0[completed]} of {0[asked]} trials completed, {0[returns]} returns, exit code {0[exit_code]} (1: the recording is not whole), "
     "{0[samples_lost]} samples lost by the counter, in order: {0[samples_in_order]}, "
     "twin as recomputed: {0[twin_rows_as_recomputed]}; said: {0[words]}"),
    ("parts recorder", "kill -9 of the recorder, {0[kills]} times in a session", "goes on and says so, nothing lost, twin the same",
     "{0[completed]} of {0[asked]} trials completed, {0[returns]} returns, exit code {0[exit_code]} (1: the recording is not whole), "
     "{0[samples_lost]} samples lost by the counter, in order: {0[samples_in_order]}, "
     "twin as recomputed: {0[twin_rows_as_recomputed]}; said: {0[words]}"),
    ("parts device", "kill -9 of the device's process, {0[kills]} times in a session", "goes on and says so, nothing lost, twin the same",
     "{0[completed]} of {0[asked]} trials completed, {0[returns]} returns, exit code {0[exit_code]} (1: the recording is not whole), "
     "{0[samples_lost]} samples lost by the counter, in order: {0[samples_in_order]}, "
     "twin as recomputed: {0[twin_rows_as_recomputed]}; said: {0[words]}"),
    ("watching", "trial committed to seen on the page, {0[trials_seen]} trials", "under 1 s, p99",
     "p50 {0[commit_to_seen_s][p50]}, p99 {0[commit_to_seen_s][p99]}, largest {0[commit_to_seen_s][p100]} s"),
    ("watching", "the page's server, share of a core", "at most 15 % with one viewer",
     "{0[cpu_percent_of_a_core][with_a_viewer]} % with a viewer, {0[cpu_percent_of_a_core][without]} % without"),
    ("watching", "late frames with and without a viewer, every other half minute of {0[minutes]} min", "no measurable difference",
     "{0[late_with]} of {0[frames_with]} with, {0[late_without]} of {0[frames_without]} without: {0[difference_percent]} % of frames more, "
     "95 % interval {0[interval_percent][0]} to {0[interval_percent][1]} %"),
    ("watching", "{0[sent]} malformed messages to the session, as many wrong tokens to the page", "all refused and logged",
     "{0[malformed_refused_and_logged]} refused, in {0[events_for_that]} events; {0[wrong_tokens_refused]} wrong tokens answered by 403"),
    ("group_fit", "hierarchical fit of `task-outcome`, {0[people]} people, {0[n_trials]} reaches",
     "under 600 s, R-hat under 1.01, no divergences, more than 400 effective draws",
     "{0[cpu_s]} s of CPU ({0[s]} s passed, on a busy machine), R-hat {0[r_hat]:.4f}, {0[divergences]} divergences, "
     "{0[ess]:.0f} effective draws"),
    ("dask_fits", "{0[fits]} fits on two Dask workers, one killed on the way", "the same numbers as in one process",
     "{0[same]} the same; {0[s]} s against {0[one_process_s]} s"),
    ("calibration", "simulation-based calibration, `{0[learner]}`, {0[sets]} sets of {0[trials]} trials",
     "ranks uniform: no p of {0[parameters]} chi-squared tests under 0.05 / {0[parameters]}",
     "smallest p {0[smallest_p]}"),
    *(row for case, words in (("usual", ""), ("learning", ", rates of the mean 0.1 to 0.5"))
      for row in (
          (f"model_recovery {case}", f"who is taken for whom on `{{0[protocol]}}`, {{0[trials]}} trials, {{0[sets_of_each]}} data sets of "
           f"each of six learners{words}", "right by BIC in more than 0.8 of each, at most one pair undecided",
           "{0[diagonal]}; pairs undecided: {0[pairs_undecided]}"),
          (f"model_recovery {case}", "the same, of the {0[sets_that_explore]} sets whose motor noise is smaller than their exploration",
           "as before", "{0[diagonal_where_they_explore]}"))),
    *(row for case, words in (("throws_200", "motor noise known"), ("throws_600", "motor noise known"),
                              ("throws_200_wide", "motor noise known, rates 0.03 to 1 (mean) and 0.1 to 2 (log variances)"),
                              ("throws_600_faster", "motor noise known, rate of the log variances 0.067 to 0.6"),
                              ("throws_200_motor_free", "motor noise fitted"), ("throws_600_motor_free", "motor noise fitted"),
                              ("throws_3000_natural", "natural gradient, motor noise known"),
                              ("throws_3000_natural_motor_free", "natural gradient, motor noise fitted"))
      for row in (
          (f"recovery {case}", f"recovery of `policy-gradient`, {{0[throws]}} throws of skittles, {words}, {{0[sets]}} data sets",
           "of alpha_mean, alpha_log_var, both initial SDs: r above 0.9, 95 % intervals hold 90 to 98 % of truths",
           "r {0[r]} (where a fit says that it tells: {0[r_told]}); intervals hold {0[coverage]}; best optimum found in "
           "{0[best_found]:.0%}; told of the others: {0[others_told]}"),
          (f"recovery {case}", "the same: the medians of what weighs, instead of the best values", "r above 0.9", "r {0[r_median]}"),
          (f"recovery {case}", "the same: what the median record allows (Cramér and Rao's bound at the truth)", "no more can be reached",
           "r {0[r_at_most]}"))),
    ("parity", "yoked states against a NumPy script, {0[throws]} throws", "within 1e-9",
     "{0[largest_difference]:.1e} (a shift of 1e-9 grows by {0[growth_of_a_1e-9_shift]:.2g})"),
    ("arc_speed", "arc, {0[learners]} learners x {0[trials]} trials, against a plain NumPy loop", "at least 100 times faster",
     "{0[processor_seconds]} s of each core's time, {0[ratio][usual]} times a script as usual, {0[ratio][tuned]} times a tuned one"),
    ("session", "recording against journal", "matches", "{0[recording_matches_journal]}"),
    ("simulate_speed skittles", "`simulate skittles`, {0[learners]} learners x {0[trials]} throws, arithmetic",
     "300 times a plain NumPy loop",
     "{0[processor_seconds]} s of each core's time, {0[ratio][usual]} times a script as usual, {0[ratio][tuned]} times a tuned one"),
    ("simulate_speed skittles", "the same written as parquet", "100 times; under 3 GB",
     "{0[table][ratio][usual]} times ({0[table][ratio][tuned]} the tuned one), {0[table][peak_gb]} GB at most, "
     "file of {0[table][file_mb]} MB"),
    ("simulate_speed bimanual", "`simulate bimanual`, {0[learners]} learners x {0[trials]} reaches, arithmetic",
     "300 times a plain NumPy loop",
     "{0[processor_seconds]} s of each core's time, {0[ratio][usual]} times a script as usual, {0[ratio][tuned]} times a tuned one"),
    ("simulate_speed predict", "yoked `predict`, {0[trials]} throws, compiled", "under 0.1 s; growth of a shift of 1e-9 said",
     "{0[seconds]} s; growth {0[growth_of_a_1e-9_shift]:.2g}"),
    ("hidden_noise", "moment-matched likelihood against {0[particles]} particles, {0[trials]} trials, usual options of each protocol, true "
     "parameters a factor of 3 either way of the usual ones", "within 0.01 nat a trial",
     "{0[close]} of {0[stable]} records whose state is stable (of {0[records]}); median of the "
     "cases' medians {0[median]}, largest {0[largest]}"),
    ("agents", "mean error of {0[trials]} throws, first and last tenth, {0[seeds]} seeds",
     "PPO, SAC, DQN learn; beside the policy gradient",
     "policy-gradient {0[mean_error_cm][policy-gradient][first_tenth]} to "
     "{0[mean_error_cm][policy-gradient][last_tenth]} cm; "
     "PPO {0[mean_error_cm][ppo][first_tenth]} to {0[mean_error_cm][ppo][last_tenth]}, "
     "SAC {0[mean_error_cm][sac][first_tenth]} to {0[mean_error_cm][sac][last_tenth]}, "
     "DQN {0[mean_error_cm][dqn][first_tenth]} to {0[mean_error_cm][dqn][last_tenth]}"),
    ("live reach-reward", "live inference, 90 % intervals after {0[trials]} trials of known learners, {0[sessions]} sessions",
     "200 sessions; a binomial test passes at 1 %",
     "{0[sessions]} sessions, smallest p {0[smallest_p]}; held the truth, in %: {0[coverage_percent]}"),
    ("live reach-reward", "maximum-likelihood fits of the same trials ({0[fits]} sessions, {0[fitted_values]} values that a fit can tell)",
     "agrees", "{0[fits_in_interval_percent]} % within the 90 % interval, median distance {0[fits_away_sd_median]} SD"),
    ("live reach-reward", "live inference, a trial weighed, {0[particles]} particles", "p99 under 100 ms",
     "median {0[learn_ms][median]} ms, p99 {0[learn_ms][p99]} ms on a busy machine; moves afterwards {0[move_ms][median]} ms, "
     "p99 {0[move_ms][p99]} ms"),
    ("live reach-reward", "of that, what the processor worked", "p99 under 100 ms",
     "median {0[learn_cpu_ms][median]} ms, p99 {0[learn_cpu_ms][p99]} ms; moves {0[move_cpu_ms][median]} ms, p99 {0[move_cpu_ms][p99]} ms"),
    ("adaptive choosing", "a condition chosen of {0[candidates]}, between trials; {0[futures]} futures of {0[trials]} trials",
     "no frame of a trial is late for it",
     "median {0[took_ms][median]} ms, p99 {0[took_ms][p99]} ms on a busy machine; "
     "the processor worked {0[processor_ms][p99]} ms (p99)"),
    ("adaptive telling_apart", "trials until two learners are told apart by 20 to 1, {0[people]} people like each (policy gradient; rival)",
     "fewer than a fixed or a random schedule",
     "chosen {0[schedules][chosen][policy-gradient][mean]}; {0[schedules][chosen][reward-variability][mean]}, "
     "drawn {0[schedules][drawn][policy-gradient][mean]}; {0[schedules][drawn][reward-variability][mean]}, "
     "best fixed {0[schedules][5 deg][policy-gradient][mean]}; {0[schedules][5 deg][reward-variability][mean]}"),
    ("starts", "`twinrig --help`", "under 0.3 s", "{0[help_s][median]} s (median), {0[help_s][max]} s (slowest)"),
    ("starts", "first frame of `twinrig run`", "under 8 s", "{0[first_frame_s][median]} s (median), {0[first_frame_s][max]} s (slowest)"),
    ("bench_soak", "manipulandum's firmware in the loop for {0[minutes]} min at 1 kHz, streams and twin on", "no packet lost, none broken",
     "{0[lost]} of {0[samples]} lost, {0[crc_errors]} broken, largest step {0[largest_step_ms]} ms of device time"),
    ("bench_soak", "its clock map: residual of the quickest packets, and error against the plant's truth at {0[throws]} releases",
     "p99 under 0.5 ms",
     "residual p99 {0[clock_residual_p99_ms]} ms; error p99 {0[release_time_off_by_ms][p99]} ms, at most "
     "{0[release_time_off_by_ms][p100]} ms"),
    ("bench_soak", "the board's own stamp of a release against the plant's truth", "its step, 4 us",
     "off by {0[release_stamped_by_the_board_off_by_us_at_most]} us at most"),
    ("bench_soak", "release angle against the plant's truth", "within the encoder's {0[encoder_step_deg]} deg",
     "{0[angles_within_a_step]} of {0[throws]}, off by {0[angle_off_by_deg_at_most]} deg at most"),
    ("bench_soak", "release speed, quadratic", "within resolution plus 1 %",
     "{0[quadratic_speeds_within_resolution_and_1_percent]} of {0[throws]} within {0[resolution_of_quadratic_speeds_in_counts]} counts in "
     "20 ms (the parabola has so many times the noise of the line, which resolves one) plus 1 %; "
     "{0[quadratic_speeds_within_one_count_and_1_percent]} within one count plus 1 %"),
    ("bench_soak", "release speed, linear", "within resolution of the plant's 20 ms mean",
     "{0[linear_speeds_within_resolution_of_the_20_ms_mean]} of {0[throws]}"),
    ("bench_faults", "{0[faults]} faults of the manipulandum at random moments of one session, {0[minutes]} min",
     "paused or went on as specified, trials repeated, nothing lost",
     "{0[paused_or_went_on_as_specified]} as specified (not so: {0[not_as_specified]}); {0[of_these_repeated]} of "
     "{0[trials_with_a_device_fault]} faulty trials repeated; all {0[trials]} stored: {0[every_trial_stored]}"),
    ("bench_faults", "torque on the plant after the {0[faults_that_stop_the_motors]} of them that stop the motors", "0 within 250 ms",
     "{0[torque_0_in_time]} in time ({0[pushing_at_the_fault]} while the motors pushed), {0[torque_after_a_fault_ms_at_most]} ms at most"),
    ("bench_force", "what turning a force on or off costs a frame, {0[times]} times", "under 1 ms",
     "p99 {0[handed_over_ms][p99]} ms, handed to the device's process; the way to the board and back would be "
     "{0[round_trip_ms][p99]} ms"),
    ("bench_codec", "{0[strings]:,} random and mutated byte strings into both codecs", "no false frame beyond the CRC's rate",
     "{0[false_frames]} false frames (chance: {0[expected_by_the_crc]}), the codecs differed "
     "{0[batches_in_which_the_codecs_differ]} times, {0[memory_grown_mb]} MB grown"),
    *((f"fit_speed throws_{n}", "ML fit of {0[throws]} throws, {0[free]} parameters, 20 starts, compiled",
       "under 2 s; best optimum in 95 % of sets",
       "median {0[wall_s][median]} s beside others' work, {0[cpu_s][median]} s of CPU, which two cores share (largest {0[cpu_s][max]} s); "
       "best found in {0[best_found]:.0%} of {0[sets]} sets") for n in (600, 3000)),
    ("fit_speed rival_600", "one start of PyBADS on a plain NumPy loop of the same likelihood, {0[throws]} throws",
     "100 times the CPU of one start of twinrig's; no higher by 0.01",
     "{0[ratio]} times ({0[each][0][rival_cpu_s]} s and {0[each][0][cpu_s_per_start]} s; {0[starts]} start of PyBADS), "
     "higher by {0[each][0][rival_is_ahead]}"),
)  # fmt: skip


class _Plainly(Formatter):
    """Fills in a row's text: a truth as yes or no, several values by their names."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, dict):
            return ", ".join(f"{name} {one}" for name, one in value.items()) or "none"
        return super().format_field(value, format_spec)


def rows() -> Iterator[tuple[str, ...]]:
    """What was asked, what to reach, what was found, and when and where; of what was measured."""
    for place, *texts in ROWS:
        result = _result(place)
        try:
            cells = [_Plainly().format(text, result) for text in texts]
        except (KeyError, TypeError, ValueError):
            continue  # not measured, or not all of it
        yield *cells, _measured(result)


def _result(place: str) -> dict[str, Any]:
    name, *part = place.split()
    stored = kept(name)
    return stored.get(part[0], {}) if part else stored


def _measured(result: dict[str, Any]) -> str:
    at = result.get("measured")
    return f"{at['when']}, {at['cores']} cores, Python {at['python']}" if at else "date not kept"


def write_page() -> None:
    """Write the page from what is stored."""
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows())
    late = kept("pointer").get("stamp_after_injection_ms", {})
    spread = f"How late the pointer's stamps are, in ms after the injection: {', '.join(f'{name} {ms}' for name, ms in late.items())}.\n"
    PAGE.write_text(
        f"""# Measured

Made by `make bench`: a virtual screen (Xvfb, flips paced to 60 Hz), a pointer moved by XTest. The machine is shared, so
figures of time vary from run to run. The raw results are in `benchmarks/results`. What has no row was not measured.

| what | to reach | found | measured |
|---|---|---|---|
{table}

{spread if late else ""}How well release angle and speed are measured at different device rates stands in
[release](../explanation/release.md).
""",
        encoding="utf-8",
    )
    print(PAGE)


if __name__ == "__main__":
    write_page()
