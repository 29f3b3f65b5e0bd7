"""Keys that the program makes for itself: files in the data folder that only their owner reads."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from shaodao.settings import Settings, StartError

PERSONAL_DATA_KEY_FILE = "personal-data.key"


def secret_file(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of a key file; made with mode 0600 if it is missing, once even if several programs start together.

    Raises StartError if it can be neither read nor made.
    """
    try:
        if not path.exists():
            _make(path, make())
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise StartError(
            f"Cannot keep the key file {path}: {reason}. Choose another folder with SHAODAO_DATA_DIR."
        ) from None


def personal_data_key(settings: Settings) -> bytes:
    """The key for identity numbers and phones, 32 bytes: of the setting, else of a file made at the first start."""
    if settings.personal_data_key is not None:
        return settings.personal_data_key
    return secret_file(settings.data_dir / PERSONAL_DATA_KEY_FILE, lambda: os.urandom(32))


def _make(path: Path, content: bytes) -> None:
    if not path.parent.exists():
        # Root's PostgreSQL runs as another account, which must be able to pass through.
        path.parent.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True)
    descriptor, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        # A link, unlike a rename, never replaces the key that another program made meanwhile.
        os.link(unfinished, path)
    except FileExistsError:
        pass
    finally:
        Path(unfinished).unlink()
