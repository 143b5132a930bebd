"""How well release speed and angle are measured, against truth, by device rate and method.

Human-like throws are made as a formula: minimum-jerk strokes that are released at any moment from well before to just
after their peak speed, so that the hand may be speeding up or slowing down. They are sampled as a device would: at
its rate with a random phase, each stamp late by some jitter, positions with noise, or rounded to the pixels of a
pointer on its circle. Each method then sees the samples, and nothing else.

``python -m benchmarks.release_accuracy`` prints the table and writes ``benchmarks/results/release_accuracy.json``.
"""

from typing import NamedTuple

import jax
import numpy as np

import protocols  # noqa: F401  (floats are 64-bit)
from benchmarks.keep import keep
from protocols.release import lever_angle, observe_release
from protocols.task import Path

RATES = (60, 100, 125, 250, 500, 1000)  # Hz
THROWS = 2000
LEVER = 0.4  # m
FRAME = 1 / 60  # s
PAD = 700


class Setting(NamedTuple):
    """What is wrong with a device beside its rate."""

    name: str
    radius: float  # m, of the hand's circle about the pivot
    noise: float  # m, SD of each coordinate
    pixel: float  # m; 0: not rounded
    jitter: float  # s, largest lateness of a stamp


SETTINGS = (
    Setting("lever with an encoder", 0.4, 0.0002, 0.0, 0.0005),
    Setting("mouse on a screen", 0.1, 0.0, 0.00025, 0.0005),
)


class Throw(NamedTuple):
    """A stroke and its release, as it truly was."""

    start: float  # rad
    amplitude: float  # rad
    begin: float  # s
    duration: float  # s
    release: float  # s

    def angle(self, time):
        """Lever angle, rad."""
        s = np.clip((time - self.begin) / self.duration, 0, 1)
        return self.start + self.amplitude * s**3 * (10 - 15 * s + 6 * s**2)

    def speed(self, time):
        """Speed of the lever's tip, m/s."""
        s = np.clip((time - self.begin) / self.duration, 0, 1)
        return LEVER * self.amplitude / self.duration * 30 * s**2 * (1 - s) ** 2


def draw_throw(random: np.random.Generator) -> Throw:
    """A stroke of about 2.4 rad in 0.4 to 0.6 s, let go between 35 and 60 % of its time: 2.5 to 5 m/s."""
    duration = random.uniform(0.4, 0.6)
    begin = random.uniform(0.05, 0.1)
    return Throw(
        np.radians(random.uniform(-25, -15)), random.uniform(2.2, 2.6), begin, duration, begin + duration * random.uniform(0.35, 0.6)
    )


def sample(throw: Throw, rate: float, setting: Setting, random: np.random.Generator) -> Path:
    """What the device reports of a throw, up to a frame and two samples after its release."""
    true = np.arange(random.uniform(0, 1) / rate, throw.release + 2.5 / rate + FRAME, 1 / rate)
    angle = throw.angle(true)
    position = setting.radius * np.stack([-np.cos(angle), np.sin(angle)], axis=1) + setting.noise * random.standard_normal((len(true), 2))
    if setting.pixel:
        position = np.round(position / setting.pixel) * setting.pixel
    stamp = true + random.uniform(0, setting.jitter, len(true))
    index = np.minimum(np.arange(PAD), len(true) - 1)
    return Path(stamp[index], position[index], (true < throw.release).astype(int)[index], len(true))


def one_frame_difference(path: Path) -> tuple[float, float]:
    """Angle (rad) and tip speed (m/s) as a program sees them that looks at the hand once a 60 Hz frame.

    At the frame that finds the button up: the latest angle, and its change since the frame before.
    """
    count = int(path.count)
    time, angle = path.time[:count], np.unwrap(lever_angle(path.position[:count], (0.0, 0.0), np))
    let_go = time[np.argmax(np.asarray(path.buttons[:count]) == 0)]
    frame = let_go + FRAME * np.random.default_rng(int(let_go * 1e9)).uniform()
    now, before = (angle[max(np.searchsorted(time, at, side="right") - 1, 0)] for at in (frame, frame - FRAME))
    return now, LEVER * (now - before) / FRAME


@jax.jit
@jax.vmap
def measure(path: Path):
    """Angles (rad) and tip speeds (m/s) by regression and by parabola."""
    release = observe_release(path, (0.0, 0.0), 0.020)
    return release.angle, release.angular_speed * LEVER, release.angle_quadratic, release.angular_speed_quadratic * LEVER


def figures(setting: Setting, rate: float) -> dict[str, dict[str, float]]:
    """Bias, SD and root mean square error of each method over all throws."""
    random = np.random.default_rng([int(rate), len(setting.name)])
    throws = [draw_throw(random) for _ in range(THROWS)]
    paths = [sample(throw, rate, setting, random) for throw in throws]
    true_speed = np.array([throw.speed(throw.release) for throw in throws])
    true_angle = np.array([throw.angle(throw.release) for throw in throws])
    angle, speed, angle_parabola, speed_parabola = np.asarray(measure(Path(*map(np.stack, zip(*paths, strict=True)))))
    frames = np.array([one_frame_difference(path) for path in paths]).T
    methods = {"regression": (angle, speed), "parabola": (angle_parabola, speed_parabola), "one frame": tuple(frames)}
    return {
        name: errors("speed_percent", 100 * (speeds / true_speed - 1)) | errors("angle_deg", np.degrees(angles - true_angle))
        for name, (angles, speeds) in methods.items()
    }


def errors(name: str, error: np.ndarray) -> dict[str, float]:
    """Bias, SD and root mean square."""
    values = {"bias": error.mean(), "sd": error.std(), "rms": np.sqrt((error**2).mean())}
    return {f"{name}_{key}": round(float(value), 3) for key, value in values.items()}


def row(rate: float, found: dict[str, dict[str, float]]) -> str:
    """One line of the table, in Markdown."""
    cells = [f"{f['speed_percent_bias']:+.1f} ± {f['speed_percent_sd']:.1f}" for f in found.values()]
    cells += [f"{f['angle_deg_bias']:+.2f} ± {f['angle_deg_sd']:.2f}" for f in found.values()]
    return f"| {rate} | " + " | ".join(cells) + " |"


def main() -> None:
    """Print the tables and store them."""
    result = {setting.name: {str(rate): figures(setting, rate) for rate in RATES} for setting in SETTINGS}
    for setting in SETTINGS:
        print(f"\n{setting.name}: error of speed (%) and angle (deg), mean ± SD of {THROWS} throws\n")
        names = list(next(iter(result[setting.name].values())))
        print("| Hz | " + " | ".join([f"speed, {name}" for name in names] + [f"angle, {name}" for name in names]) + " |")
        print("|" + "---|" * 7)
        print("\n".join(row(rate, result[setting.name][str(rate)]) for rate in RATES))
    stored = {"throws": THROWS, "settings": [setting._asdict() for setting in SETTINGS], "errors": result}
    keep("release_accuracy", stored)


if __name__ == "__main__":
    main()
