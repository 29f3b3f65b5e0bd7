"""What libraries say of the lines of a socket stays out of the log, on any level."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from shaodao.logs import configure_logs


@pytest.fixture
def levels() -> Iterator[None]:
    root, names = logging.getLogger(), ("websockets", "asyncio", "httpx")
    kept = root.handlers[:], root.level, {name: logging.getLogger(name).level for name in names}
    configuration = structlog.get_config()
    yield
    root.handlers[:], root.level = kept[0], kept[1]
    for name, level in kept[2].items():
        logging.getLogger(name).setLevel(level)
    structlog.configure(**configuration)


def test_debugging_does_not_log_what_goes_over_sockets(levels: None) -> None:
    configure_logs("DEBUG", "json")
    for name in ("websockets.server", "websockets", "asyncio"):
        assert not logging.getLogger(name).isEnabledFor(logging.DEBUG)
