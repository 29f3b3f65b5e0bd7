"""The report fields of 公安 (C.4)."""

from dataclasses import dataclass
from typing import Annotated

from shaodao.plugin import Meta, Term


class Disposal(Term):
    """处置类别"""

    MEDIATED = "MEDIATED", "现场调解"
    WARNED = "WARNED", "批评教育、劝离"
    TRAFFIC = "TRAFFIC", "交通违法处理"
    RESCUED = "RESCUED", "救助、送医"
    SEALED_OFF = "SEALED_OFF", "现场警戒、交通管制"
    PENALTY = "PENALTY", "治安处罚"
    TRANSFERRED = "TRANSFERRED", "移交其他单位"


@dataclass(frozen=True, kw_only=True)
class IncidentForm:
    """公安处警反馈"""

    incident_number: Annotated[str, Meta(title="接处警编号", min_length=1, max_length=50)]
    disposal: Annotated[Disposal, Meta(title="处置类别")]
    officers: Annotated[int, Meta(title="出警人数", ge=1, le=500)]
    filed: Annotated[bool, Meta(title="是否立案")]
