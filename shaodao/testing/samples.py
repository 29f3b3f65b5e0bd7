"""Sample cases 样例事件 for the tests of departments; every person in them is fictional."""

from datetime import datetime

import msgspec

from shaodao.plugin import AttachmentMetadata, CaseKind, CaseView, Contact, Point, Urgency


class CaseSample(msgspec.Struct, frozen=True, kw_only=True):
    """A case to whistle for; each field has a default, so that a test names only what it is about.

    ``confidential`` 保密 keeps the reporter from the department, as the platform does. The street is 990101001000.
    """

    title: str = "望海里周边5辆僵尸车长期占道"
    description: str = "2辆小轿车、3辆摩托车长期停放在望海里9幢外人行道，妨碍通行。"
    kind: CaseKind = CaseKind.COMPLAINT
    urgency: Urgency = Urgency.GENERAL
    category_code: str | None = "A13"
    category_name: str | None = "物业与城市管理"
    street_code: str = "990101001000"
    community_code: str | None = "990101001001"
    grid_code: str | None = "990101001001001"
    address: str | None = "望海里9幢外"
    point: Point | None = Point(122.903, 28.221)
    reporter: Contact | None = Contact("孙**", "100****0001")
    confidential: bool = False
    on_site_contact: Contact | None = Contact("周示岚", "10000000001")
    attachments: tuple[AttachmentMetadata, ...] = ()

    def view(self, running_number: int, registered_at: datetime) -> CaseView:
        """The case as a department sees it, with the number that C.1.4 would give it."""
        shared = {
            name: getattr(self, name) for name in self.__struct_fields__ if name not in ("reporter", "confidential")
        }
        return CaseView(
            number=f"{self.street_code[:9]}-{registered_at:%Y%m%d}-{running_number:04}",
            registered_at=registered_at,
            occurred_at=registered_at,
            reporter=None if self.confidential else self.reporter,
            **shared,
        )
