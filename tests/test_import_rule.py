"""The house's rule: rig -> devices | analysis -> protocols; vendors have one home each; the command line starts light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: Library -> the modules that may import it (prefixes of file paths below the root).
HOMES = {
    "psychopy": ("rig/screen/", "devices/mouse"),
    "pyglet": ("rig/screen/",),
    "pylsl": ("rig/streams/", "rig/clock"),
    "pyxdf": ("rig/streams/xdf",),
    "sqlite3": ("rig/journal/file",),
    "bokeh": ("rig/monitor/",),
    "matplotlib": ("analysis/figures/",),
    "Xlib": ("devices/pointer", "devices/xinput", "devices/acceleration", "devices/mouse"),
}
PURE = ("protocols", "analysis")
IMPURE = {"pylsl", "psychopy", "serial", "sqlite3", "socket", "subprocess", "multiprocessing", "threading", "time"}


def imports(file: Path) -> set[str]:
    """All top-level names that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def sources(*folders: str) -> list[Path]:
    return [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]


def test_imports_go_downwards():
    done = subprocess.run([Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("library", HOMES)
def test_each_vendor_has_one_home(library):
    files = [str(file.relative_to(ROOT)) for file in sources("rig", "devices", "analysis", "protocols") if library in imports(file)]
    assert files, f"nothing imports {library}"
    assert [file for file in files if not file.startswith(HOMES[library])] == []


def test_protocols_and_analysis_are_pure():
    found = {str(file.relative_to(ROOT)): imports(file) & IMPURE for file in sources(*PURE)}
    assert {file: names for file, names in found.items() if names} == {}


def test_help_loads_nothing_heavy():
    words = "import sys; from rig.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    words += "print([m for m in ('jax', 'numpy', 'psychopy', 'pandas', 'matplotlib', 'pylsl', 'pydantic') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", words], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
