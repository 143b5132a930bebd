"""Which pen is the tablet's and which pointer is in which hand, and how large they are, as a file of the rig keeps it."""

import os
from pathlib import Path

from platformdirs import user_config_path
from pydantic import BaseModel, ConfigDict, Field

from devices.xinput import PointingDevice
from protocols.errors import DeviceError
from protocols.settings_file import read_settings_file

INCH = 0.0254  # m
COUNTS_PER_INCH = 1000.0  # of a mouse that nobody has measured


class PointerSettings(BaseModel):
    """One pen or mouse. What is left out is found out or assumed; names are those that ``twinrig devices`` lists."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str = ""
    node: str = ""  # its device file, to tell two of a name apart: a link below /dev/input/by-path, which stays
    width: float | None = Field(None, gt=0, le=3)  # m, of a tablet's active area
    height: float | None = Field(None, gt=0, le=3)  # m
    metres_per_count: float = Field(INCH / COUNTS_PER_INCH, gt=0, le=0.01)  # of a mouse
    tilt_axes: tuple[str, str] = Field(("Abs Tilt X", "Abs Tilt Y"), strict=False)  # labels of a pen's tilt to the right and to the user

    @property
    def measured(self) -> bool:
        """Whether somebody wrote down what a mouse's count is worth."""
        return "metres_per_count" in self.model_fields_set

    def choose(self, found: list[PointingDevice]) -> PointingDevice:
        """The device that is meant.

        Raises:
            DeviceError: there is none such, or more than one.
        """
        fits = [device for device in found if self.name in ("", device.name) and self._at(device)]
        if len(fits) == 1:
            return fits[0]
        wanted = " at ".join(words for words in (repr(self.name) if self.name else "", self.node) if words) or "of any name"
        names = ", ".join(f"{device.name!r} {device.node}".strip() for device in found) or "none"
        remedy = "plug it in, or correct" if not fits else "name one of them by 'name' or 'node' in"
        raise DeviceError(f"expected one device {wanted}, found {len(fits)} (there are: {names}); {remedy} {pointers_file()}")

    def _at(self, device: PointingDevice) -> bool:
        return not self.node or (bool(device.node) and Path(self.node).resolve() == Path(device.node).resolve())


class Pointers(BaseModel):
    """The file: a table for each role."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tablet: PointerSettings = PointerSettings()  # type: ignore[call-arg]
    left: PointerSettings = PointerSettings()  # type: ignore[call-arg]
    right: PointerSettings = PointerSettings()  # type: ignore[call-arg]


def pointers_file() -> Path:
    """Where the settings are looked for."""
    named = os.environ.get("TWINRIG_POINTERS")
    return Path(named) if named else user_config_path("twinrig") / "pointers.toml"


def load_pointers() -> Pointers:
    """The rig's pens and pointers; without a file, whatever there is one of.

    Raises:
        BadInput: the file is not TOML, or has an unknown or impossible value.
    """
    file = pointers_file()
    if not file.exists():
        return Pointers()
    return read_settings_file(file, Pointers)
