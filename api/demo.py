"""What the explorer of a demonstration offers: its people's tokens and the operations it opens with."""

from datetime import datetime

from api.explorer import DemoCatalogue, DemoToken
from api.operations import demo_operations
from shaodao.demo.tokens import ready_tokens
from shaodao.settings import Settings


def demo_catalogue(settings: Settings, now: datetime) -> DemoCatalogue:
    """The catalogue; each operation proposes the person whose login it names."""
    ready = ready_tokens(settings, now)
    logins = [one.login for one in ready]
    offered = tuple(DemoToken(one.label, one.token) for one in ready)
    return DemoCatalogue(offered, demo_operations(logins))
