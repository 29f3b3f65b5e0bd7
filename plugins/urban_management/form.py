"""The report fields of 城管 (C.4)."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from shaodao.plugin import Meta

DocumentNumber = Annotated[str, Meta(min_length=1, max_length=50)]
PhotoId = Annotated[str, Meta(title="照片附件编号", min_length=1, max_length=36)]


@dataclass(frozen=True, kw_only=True)
class EnforcementForm:
    """城管执法反馈"""

    filing_number: Annotated[str, Meta(title="立案号", min_length=1, max_length=50)]
    cause: Annotated[str, Meta(title="案由(10位事件类别代码)", pattern="^[0-9]{10}$")]
    before_photos: Annotated[tuple[PhotoId, ...], Meta(title="处置前照片", min_length=1)]
    after_photos: Annotated[tuple[PhotoId, ...], Meta(title="处置后照片", min_length=1)]
    document_number: Annotated[DocumentNumber | None, Meta(title="文书号")] = None
    rectify_by: Annotated[date | None, Meta(title="整改期限")] = None
