"""Which emergency template fits a scene best (C.4 blowEmergency)."""

import pytest

from shaodao.commands.dispatching import PartyInput
from shaodao.commands.emergency_templates import EmergencyTemplate, Scene, best_template
from shaodao.domain.vocabulary import AreaKind, AssignmentRole

PARTIES = (PartyInput("GA", AssignmentRole.LEAD),)
SEA = EmergencyTemplate("SEA", "海上险情", "A12", AreaKind.SEA, ("进水",), PARTIES, "12395")
ROAD = EmergencyTemplate("ROAD", "道路塌陷", "A10", None, ("塌陷",), PARTIES, "110")
FIRE = EmergencyTemplate("FIRE", "火灾", "A11", None, ("起火",), PARTIES, "119")
ANY = EmergencyTemplate("ANY", "其他", None, None, (), PARTIES, "110")


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        (Scene(AreaKind.URBAN, "A10", "路面塌陷约2米"), "ROAD"),
        (Scene(AreaKind.URBAN, None, "楼道起火"), "FIRE"),
        (Scene(AreaKind.URBAN, "A10", "塌陷处起火"), "ROAD"),
        (Scene(AreaKind.URBAN, "A11", "情况紧急"), "FIRE"),
        (Scene(AreaKind.URBAN, "A05", "情况紧急"), "ANY"),
        (Scene(None, None, "机舱进水"), "ANY"),
        (Scene(AreaKind.SEA, None, "机舱进水"), "SEA"),
        (Scene(AreaKind.SEA, "A11", "船上起火"), "SEA"),
    ],
)
def test_the_best_template(scene: Scene, expected: str) -> None:
    best = best_template([SEA, ROAD, FIRE, ANY], scene)
    assert best is not None
    assert best.code == expected


def test_none_may_fit() -> None:
    assert best_template([SEA, ROAD], Scene(AreaKind.URBAN, "A05", "情况紧急")) is None
