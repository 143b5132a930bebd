"""Files of settings that a person writes: TOML, held to a strict model."""

import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from protocols.errors import BadInput

Model = TypeVar("Model", bound=BaseModel)


def read_settings_file(file: Path, model: type[Model], remedy: str = "correct the file") -> Model:
    """What the file says, as the model has it.

    Raises:
        BadInput: it can't be read, is not TOML, or has an unknown or impossible value; says which, and ``remedy``.
    """
    try:
        return model(**tomllib.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise BadInput(f"{file}: can't be read ({error.strerror}); {remedy}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: not UTF-8 text; save the file with the encoding UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{file}: not valid TOML: {error}; {remedy}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{file}: {place}: {first['msg']} (got {first['input']!r}); correct the line") from error
