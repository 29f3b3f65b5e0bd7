"""When the clocks of the benchmark's cases are due, by the rules of C.5; a limit in working days is counted once for a day."""

from datetime import date

from bench.city.plan import moment
from shaodao.domain.calendar import SHANGHAI, Calendar
from shaodao.domain.deadlines import DeadlineUnit, Limit, due
from shaodao.domain.rulebook import Rulebook


class Dues:
    """Reckons dues and remembers those that end with a day."""

    def __init__(self, rulebook: Rulebook, calendar: Calendar) -> None:
        self.rulebook = rulebook
        self._calendar = calendar
        self._known: dict[tuple[date, int], int] = {}

    def of(self, start: int, limit: Limit) -> int:
        """The due of a limit that begins at ``start``; both are seconds since 1970."""
        if limit.unit is not DeadlineUnit.WORKING_DAY:
            return self._reckoned(start, limit)
        key = (moment(start).astimezone(SHANGHAI).date(), limit.amount)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._reckoned(start, limit)
        return known

    def _reckoned(self, start: int, limit: Limit) -> int:
        return int(due(moment(start), limit, self._calendar, self.rulebook.work_time).at.timestamp())
