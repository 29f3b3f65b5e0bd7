"""What the cases of a city are about: 积水 is the matter of one in a hundred, and named in no other."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from shaodao.domain.text import bigrams
from shaodao.domain.vocabulary import CaseKind, Urgency, WhistleKind

ROADS = tuple(
    f"{first}{second}路"
    for first in ("望海", "听涛", "临风", "槐荫", "渔港", "滨江", "环岛", "灯塔")
    for second in ("东", "西", "南", "北", "中", "一", "二", "三")
)


@dataclass(frozen=True)
class Matter:
    """A kind of matter: how often of a thousand, whom it calls (the first leads), by which whistle where one is blown."""

    share: int
    title: str
    description: str
    category: str
    kind: CaseKind
    urgency: Urgency
    departments: tuple[str, ...]
    result: str
    whistle: WhistleKind = WhistleKind.ROUTINE


class Pieces:
    """The search pieces of texts that are put together from parts; the pieces of a part are made once."""

    def __init__(self) -> None:
        self._known: dict[str, frozenset[str]] = {}

    def of(self, *parts: str) -> list[str]:
        """The pieces of the parts, as if spaces stood between them, sorted."""
        return sorted(frozenset().union(*map(self._of_part, parts)))

    def _of_part(self, part: str) -> frozenset[str]:
        known = self._known.get(part)
        if known is None:
            known = self._known[part] = frozenset(bigrams(part))
            if len(self._known) > _KEPT:
                self._known.clear()
        return known


def chosen_matter(chance: random.Random) -> Matter:
    """A matter, each as often as its share says."""
    return chance.choices(MATTERS, _SHARES)[0]


def closing(chance: random.Random) -> str:
    """How the reporter ends."""
    return chance.choice(_CLOSINGS)


_KEPT = 20_000

_CLOSINGS: Sequence[str] = (
    "居民多次口头反映，希望尽快处理并答复。", "已影响周边居民正常出行，请核实处理。", "希望有关部门到现场看一看，给个说法。",
    "请街道牵头协调，处理结果电话告知。", "此前劝导过几次，过几天又反复，请从根上解决。",
)  # fmt: skip

_COMPLAINT, _HELP, _EVENT, _CONSULT = CaseKind.COMPLAINT, CaseKind.HELP, CaseKind.EVENT, CaseKind.CONSULT
_DISPUTE, _SUGGESTION = CaseKind.DISPUTE, CaseKind.SUGGESTION
_URGENT, _GENERAL, _COMPLEX = Urgency.URGENT, Urgency.GENERAL, Urgency.COMPLEX
_JOINT = WhistleKind.JOINT_ENFORCEMENT

MATTERS = (
    Matter(10, "雨后积水", "雨后路面积水，行人和电动车难以通过，雨水井疑似堵塞", "A10", _COMPLAINT, _GENERAL, ("PS", "ZJ", "CG"), "已疏通雨水井，积水退去。"),
    Matter(95, "占道停放废弃车辆", "有数辆废弃面包车长期占用路边车位，车身积满灰尘，无人认领", "A13", _COMPLAINT, _GENERAL, ("CG", "JJ"), "已拖移废弃车辆，恢复车位。", _JOINT),
    Matter(90, "早市占道经营", "早市摊贩把摊位摆到机动车道上，垃圾随手丢弃", "A13", _COMPLAINT, _GENERAL, ("CG", "SC"), "已劝离占道摊贩，安排专人值守。"),
    Matter(70, "生活垃圾清运不及时", "垃圾桶满溢两天无人清运，气味很大", "A13", _EVENT, _GENERAL, ("CG",), "已清运并增加一个班次。"),
    Matter(60, "路灯不亮", "连续三盏路灯夜间不亮，老人摸黑回家", "A10", _HELP, _GENERAL, ("ZJ", "GD"), "已更换灯具，恢复照明。"),
    Matter(60, "井盖松动", "人行道井盖松动翘起，车辆经过有响声", "A10", _EVENT, _URGENT, ("PS", "ZJ"), "已更换井盖并复核周边。"),
    Matter(60, "消防通道被占", "单元门口消防通道被私家车堵死，救护车上次进不来", "A11", _COMPLAINT, _GENERAL, ("XF", "GA", "CG"), "已清理通道并划线。", _JOINT),
    Matter(50, "电动车违规充电", "楼道内拉线给电动车充电，存在安全隐患", "A11", _COMPLAINT, _URGENT, ("XF", "GA"), "已拆除飞线，劝导入棚充电。", _JOINT),
    Matter(50, "噪声扰民", "夜间施工到凌晨一点，影响休息", "A02", _COMPLAINT, _GENERAL, ("HB", "CG"), "已责令停止夜间施工。"),
    Matter(45, "餐饮油烟", "楼下饭店油烟直排，阳台无法晾衣", "A02", _COMPLAINT, _GENERAL, ("HB", "SC", "CG"), "已加装净化设施并检测达标。"),
    Matter(45, "楼道漏水", "顶层公共管道渗漏，墙面发霉", "A06", _HELP, _COMPLEX, ("ZJ", "PS"), "已更换管道并修补墙面。"),
    Matter(40, "邻里纠纷", "两户因阳台滴水和噪声多次争吵", "A05", _DISPUTE, _GENERAL, ("SF", "GA"), "经调解双方达成一致。"),
    Matter(40, "拖欠工资", "装修工程完工后尾款和工资迟迟不结", "A07", _HELP, _GENERAL, ("RS", "ZJ", "GA"), "已督促结清工资。"),
    Matter(40, "违法搭建", "有人在楼顶加盖彩钢房，邻居担心倒塌", "A06", _COMPLAINT, _COMPLEX, ("CG", "ZJ"), "已拆除违法搭建。", _JOINT),
    Matter(35, "低保申请咨询", "咨询低保办理条件和所需材料", "A03", _CONSULT, _GENERAL, ("MZ",), "已告知条件并代为收取材料。"),
    Matter(30, "独居老人求助", "独居老人腿脚不便，需要上门送药", "A03", _HELP, _URGENT, ("MZ", "WJ"), "已安排上门并纳入日常探访。"),
    Matter(30, "残疾人补贴发放", "本季度补贴尚未到账", "A03", _CONSULT, _GENERAL, ("CL", "MZ"), "已核实并补发。"),
    Matter(30, "油污排放", "码头附近海面有油污漂浮", "A12", _EVENT, _URGENT, ("YY", "HB"), "已围控清理并溯源。"),
    Matter(25, "农田灌渠堵塞", "灌溉渠被淤泥堵住，下游缺水", "A04", _HELP, _GENERAL, ("NY", "PS"), "已清淤通水。"),
    Matter(25, "无证诊所", "小区内有人无证看病开药", "A08", _COMPLAINT, _GENERAL, ("WJ", "SC", "GA"), "已取缔并立案。", _JOINT),
    Matter(25, "公交线路建议", "建议早高峰增加班次", "A14", _SUGGESTION, _GENERAL, ("FG", "JJ"), "建议已采纳，下月试运行。"),
    Matter(25, "停电", "一栋楼晚上突然停电", "A10", _HELP, _URGENT, ("GD",), "已抢修恢复供电。"),
    Matter(20, "消费纠纷", "健身房关门后不退预付款", "A14", _COMPLAINT, _COMPLEX, ("SC", "GA"), "已组织调解并退还余款。"),
)  # fmt: skip
"""Everything that the city hears of. The words are the project's own."""

_SHARES = [matter.share for matter in MATTERS]
