"""The registers of the demonstration street as loaded."""

from tests.integration.conftest import Street

COUNTS = {
    "divisions": 6, "organizations": 27, "accounts": 47, "grid": 12, "team": 16, "person": 24, "household": 17, "vessel": 3,
    "categories": 14,
}  # fmt: skip


async def test_every_register_is_loaded(street: Street) -> None:
    for table, count in COUNTS.items():
        assert await street.pool.fetchval(f"SELECT count(*) FROM {table}") == count, table
