"""The settings of one rig (not of one study): its screen, its network, its folders. A TOML file in the user's configuration folder."""

import os
from pathlib import Path
from typing import Literal

from platformdirs import user_config_path
from pydantic import BaseModel, ConfigDict, Field

from protocols.settings_file import read_settings_file


class Settings(BaseModel):
    """What `TWINRIG_SETTINGS`, or else the user's ``twinrig/rig.toml``, says; defaults where it says nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    screen: int = Field(0, ge=0)  # which screen shows the task
    screen_width: float | None = Field(None, gt=0)  # m, measured with a ruler; None: by 'twinrig calibrate screen', or not at all
    viewing_distance: float = Field(0.57, gt=0)  # m
    refresh: float = Field(60.0, ge=20, le=400)  # Hz, to pace flips by where a screen has no vertical blank
    streams: Literal["machine", "network"] = "machine"  # who may see the LSL streams
    data: Path = Path("data")  # where human sessions are kept


def settings_file() -> Path:
    """Where the settings are looked for."""
    named = os.environ.get("TWINRIG_SETTINGS")
    return Path(named) if named else user_config_path("twinrig") / "rig.toml"


def load_settings() -> Settings:
    """The rig's settings.

    Raises:
        BadInput: the file is not TOML, or has an unknown or impossible value.
    """
    file = settings_file()
    if not file.exists():
        return Settings()  # type: ignore[call-arg]
    return read_settings_file(file, Settings, "correct the file or delete it to use the defaults")
