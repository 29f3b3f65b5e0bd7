"""The demonstration street for servers that clients are run on."""

from tests.integration.conftest import ground, street_template  # noqa: F401 - fixtures
