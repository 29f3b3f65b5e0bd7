"""What the application hands to a request besides its database: ``Context.services``."""

from typing import Protocol

from shaodao.commands.transaction import Ground
from shaodao.lookups import PhoneLookups


class Services(Protocol):
    """The numbers, the calendar and the keys that reading needs as well as writing."""

    def ground(self) -> Ground:
        """The ground as it stands now: an edited calendar or rulebook is a new one."""
        ...

    @property
    def lookups(self) -> PhoneLookups:
        """Counts who looks phones up."""
        ...
