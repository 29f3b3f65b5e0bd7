"""What is never published 公开 (reference C.7 guardrail 4): children, special groups, confidential reporters, mediation."""

from shaodao.domain.vocabulary import CaseKind, CaseVisibility

RESTRICTED = frozenset({CaseVisibility.RESTRICTED_MINOR, CaseVisibility.RESTRICTED_SPECIAL})
"""What is about a child or a special group 未成年人、特殊人群."""


def obstacle(kind: CaseKind | None, visibility: CaseVisibility, confidential: bool) -> tuple[str, str] | None:
    """Why nothing of a case is ever published, in Chinese and in English; None when it may be."""
    if visibility in RESTRICTED:
        return "涉未成年人、特殊人群的案件不得公开", "a case about a minor or a special group is never public"
    if confidential:
        return "保密案件不得公开", "a confidential case is never public"
    if kind is CaseKind.DISPUTE:
        return "调解类案件不得公开", "a dispute that is mediated is never public"
    return None
