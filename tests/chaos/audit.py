"""The audit: what clients, departments and subscribers were told, against what stands in the database."""

from shaodao.commands.transaction import Connection
from tests.chaos.audit_clock import audit_clock
from tests.chaos.audit_commands import audit_commands
from tests.chaos.audit_deliveries import audit_deliveries
from tests.chaos.audit_departments import audit_departments
from tests.chaos.audit_subscribers import audit_subscribers
from tests.chaos.findings import Findings, Kept

MUST_HAPPEN = ("commands acknowledged", "deliveries heard", "stages fired", "changes told to subscribers")


async def audit(connection: Connection, kept: Kept) -> Findings:
    """Everything that must hold, by what the run kept of itself and by what stands in the database."""
    findings = Findings()
    await audit_commands(connection, kept.book, findings)
    await audit_deliveries(connection, kept, findings)
    await audit_departments(connection, findings)
    await audit_clock(connection, kept.until, findings)
    await audit_subscribers(connection, kept, findings)
    # Nothing can be missing of what never happened.
    findings.fault("nothing happened of what is judged", [name for name in MUST_HAPPEN if not findings.counts[name]])
    return findings
