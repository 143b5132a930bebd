"""The error tree. What a person can put right ends with exit code 2; the rest with 1."""


class TwinrigError(Exception):
    """Anything that twinrig itself reports: what was expected, what came, what to do."""

    exit_code = 1


class BadInput(TwinrigError):
    """A file, code, name or option that can't be used; nothing was changed."""

    exit_code = 2


class DeviceError(TwinrigError):
    """An input device failed."""


class DeviceTimeout(DeviceError):
    """An input device gave no sample for too long."""


class RecorderError(TwinrigError):
    """The XDF recorder did not start, or died."""


class StreamError(TwinrigError):
    """A Lab Streaming Layer outlet could not be made or found."""


class JournalError(TwinrigError):
    """The journal can't be written (a full disk, a folder taken away)."""


class Aborted(TwinrigError):
    """A person ended the session before its last trial."""

    exit_code = 3
