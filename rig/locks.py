"""What must hold when a process or the power goes: locks that the system frees, and names of files that stay."""

import os
import sys
from pathlib import Path


def try_lock(descriptor: int) -> bool:
    """Lock an open file for this process alone, without waiting; whether it was free. It is freed as the file is closed."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, 0, os.SEEK_SET)  # it locks bytes, from where the file stands
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def sync_folder(folder: Path) -> None:
    """Put a folder's list of names on the disk, so that a power cut can't take a new file away. Windows does so by itself."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
