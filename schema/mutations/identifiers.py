"""Reading the global ids of an input: each must be one of the type asked for, in a county that the viewer's grants reach."""

from uuid import UUID

from schema.errors import ClientError
from schema.ids import decode_as
from shaodao.domain.errors import Faults, NotFound, NotPermitted
from shaodao.domain.permissions import Viewer, county_of

_NONE = UUID(int=0)


class Identifiers:
    """The ids of one input. The first that is read tells the county in which the command runs."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._faults = Faults()
        self._county: int | None = None

    def key(self, path: str, text: str, name: str) -> UUID:
        """The key in an id of the named type; a malformed one, or one of another type, is a fault at ``path``.

        Raises NotFound for a county where the viewer has no grant.
        """
        try:
            identifier = decode_as(text, name, shared=False)
            key = UUID(identifier.key)
        except (ClientError, ValueError):
            return self._malformed(path, name)
        if identifier.county not in self._viewer.counties:
            raise NotFound(name, text)
        self._county = self._county or identifier.county
        return key

    def optional(self, path: str, text: str | None, name: str) -> UUID | None:
        """As ``key``, for an id that may be missing."""
        return None if text is None else self.key(path, text, name)

    def shared(self, path: str, text: str | None, name: str) -> UUID | None:
        """The key in an id of a type without a county, if one was given; a malformed one is a fault at ``path``."""
        if text is None:
            return None
        try:
            return UUID(decode_as(text, name, shared=True).key)
        except (ClientError, ValueError):
            return self._malformed(path, name)

    def fault(self, path: str, message: str, english: str) -> None:
        """Note another fault of the input, to be told with those of its ids."""
        self._faults.add(path, message, english)

    def place(self, *codes: str | None) -> None:
        """Take the county of the first code of a division or grid that lies in a county of the viewer's."""
        for code in codes:
            if code is None or not (len(code) >= 6 and code.isascii() and code[:6].isdigit()):
                continue
            if county_of(code) in self._viewer.counties:
                self._county = self._county or county_of(code)

    def county(self) -> int:
        """The county in which the command runs; the viewer's first where the input names none.

        Raises InvalidInput when an id was faulty, and NotPermitted for a viewer without grants.
        """
        self._faults.check()
        if not self._viewer.counties:
            raise NotPermitted("您没有任何授权", "the viewer has no grants")
        return self._county or self._viewer.counties[0]

    def _malformed(self, path: str, name: str) -> UUID:
        self._faults.add(path, f"不是有效的 {name} 标识", f"not an identifier of this server's {name}")
        return _NONE
