"""What a count, a step of torque and a reading of the force sensor are worth on one manipulandum, as a file of the rig keeps it."""

import json
import os
from pathlib import Path
from typing import Literal

import numpy as np
from platformdirs import user_config_path
from pydantic import BaseModel, ConfigDict, Field

from protocols.errors import BadInput
from protocols.settings_file import read_settings_file

TORQUE_FULL = 511  # steps of the firmware's motor outputs


class Calibration(BaseModel):
    """One manipulandum. A lever turns about the device's origin; a handle moves on two axes. Signs turn an axis round."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    mechanics: Literal["lever", "handle"]
    made: str = Field("", description="when it was measured")
    length: float = Field(0.4, gt=0)  # m, of the lever
    counts_per_turn: float = 10_000.0  # of the lever's encoder, decoded fourfold; negative where it counts anti-clockwise
    home_angle_deg: float = 0.0  # of the lever at its home mark, clockwise from the left
    metres_per_count: float = Field(2e-5, gt=0)  # of the handle
    home: tuple[float, float] = Field((0.0, 0.0), strict=False)  # m, of the handle at its home mark
    newtons_per_step: float = Field(0.03, gt=0)  # of a motor, at the handle or the lever's tip; full is 511 steps
    newtons_limit: float = Field(8.0, ge=0)  # beyond which this driver asks for nothing
    newtons_per_force_count: float = Field(0.05, gt=0)  # of the force sensor; full is 1023 counts

    def to_metres(self, counts: np.ndarray) -> np.ndarray:
        """Positions (n, 2) in m of the device's plane, of counts (n, 2)."""
        if self.mechanics == "handle":
            return np.asarray(self.home) + counts * self.metres_per_count
        angle = np.radians(self.home_angle_deg + 360.0 / self.counts_per_turn * counts[:, 0])
        return self.length * np.stack([-np.cos(angle), np.sin(angle)], axis=1)

    def stored(self) -> dict[str, float]:
        """Its numbers, as they are kept with the data."""
        values = self.model_dump(exclude={"mechanics", "made", "home"})
        return {name: float(value) for name, value in values.items()} | {"home_x": self.home[0], "home_y": self.home[1]}


def bench_calibration(mechanics: Literal["lever", "handle"]) -> Calibration:
    """Of the simulated bench, which is made to these very numbers."""
    return Calibration(mechanics=mechanics, made="by construction")  # type: ignore[call-arg]


def calibration_file() -> Path:
    """Where the rig's calibration is looked for."""
    named = os.environ.get("TWINRIG_MANIPULANDUM")
    return Path(named) if named else user_config_path("twinrig") / "manipulandum.toml"


def keep_calibration(calibration: Calibration) -> Path:
    """Write the rig's manipulandum; the file that was there stays, under the date until which it held."""
    file = calibration_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists():
        file.rename(file.with_name(f"{file.stem}-until-{calibration.made.replace(':', '-')}{file.suffix}"))
    lines = (
        f"{name} = {json.dumps(value)}" for name, value in calibration.model_dump(mode="json").items()
    )  # flat: JSON's values are TOML's
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def load_or_default() -> Calibration:
    """The rig's manipulandum; where there is none yet, a lever by the firmware's numbers, to begin its calibration with.

    Raises:
        BadInput: there is a file, and it is wrong.
    """
    return load_calibration() if calibration_file().exists() else Calibration(mechanics="lever")  # type: ignore[call-arg]


def load_calibration() -> Calibration:
    """The rig's manipulandum.

    Raises:
        BadInput: there is no file, it is not TOML, or has an unknown or impossible value.
    """
    file = calibration_file()
    if not file.exists():
        how = "run 'twinrig calibrate device --device manipulandum --port PATH', or see docs/how-to/build-a-manipulandum.md"
        raise BadInput(f"{file}: the manipulandum was not calibrated; {how}")
    return read_settings_file(file, Calibration)
