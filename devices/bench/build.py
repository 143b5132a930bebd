"""Compiles firmware and bench where they are needed, once for each state of their sources."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from platformdirs import user_cache_path

from protocols.errors import BadInput

FIRMWARE = Path(__file__).parents[1] / "firmware"
BENCH = Path(__file__).parent
REMEDY = "on Debian or Ubuntu: apt-get install -y --no-install-recommends gcc gcc-avr avr-libc libsimavr-dev"


class _Recipe(NamedTuple):
    sources: tuple[Path, ...]
    headers: tuple[Path, ...]
    compiler: str
    before: tuple[str, ...]
    after: tuple[str, ...] = ()


def firmware() -> Path:
    """The firmware for an ATmega328P, as it is flashed to a board (ELF).

    Raises:
        BadInput: the compiler is missing, or refuses the sources; says what to install.
    """
    flags = ("-mmcu=atmega328p", "-DF_CPU=16000000UL", "-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror")
    return _made("firmware.elf", _Recipe(_all(FIRMWARE, "c"), _all(FIRMWARE, "h"), "avr-gcc", flags))


def bench() -> Path:
    """The bench's program.

    Raises:
        BadInput: the compiler or simavr is missing; says what to install.
    """
    flags, libraries = ("-O2", "-std=gnu11", "-Wall", "-Wextra"), ("-lsimavr", "-lutil", "-lm")
    return _made("bench", _Recipe(_all(BENCH, "c"), _all(BENCH, "h"), "gcc", flags, libraries))


def codec() -> Path:
    """The firmware's codec as a shared library of this machine, to hold the Python codec against.

    Raises:
        BadInput: the compiler is missing; says what to install.
    """
    flags = ("-O2", "-std=gnu11", "-shared", "-fPIC", "-Wall", "-Wextra")
    return _made("codec.so", _Recipe((FIRMWARE / "codec.c",), (FIRMWARE / "codec.h",), "gcc", flags))


def _all(folder: Path, suffix: str) -> tuple[Path, ...]:
    return tuple(sorted(folder.glob(f"*.{suffix}")))


def _made(name: str, recipe: _Recipe) -> Path:
    compiler = shutil.which(recipe.compiler)
    if compiler is None:
        raise BadInput(f"the simulated bench needs {recipe.compiler}, which isn't installed; {REMEDY}")
    key = hashlib.sha256(repr((compiler, recipe.before, recipe.after)).encode())
    for file in (*recipe.sources, *recipe.headers):
        key.update(file.name.encode() + file.read_bytes())
    target = user_cache_path("twinrig") / "bench" / key.hexdigest()[:24] / name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        _compile(compiler, recipe, target)
    return target


def _compile(compiler: str, recipe: _Recipe, target: Path) -> None:
    """Into a file beside the target first: two processes may build at once, and neither sees half a program."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder) / target.name
        command = [compiler, *recipe.before, "-o", made, *recipe.sources, *recipe.after]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BadInput(f"the simulated bench's {target.name} can't be built; {REMEDY}\n{done.stderr[:2000]}")
        made.replace(target)
