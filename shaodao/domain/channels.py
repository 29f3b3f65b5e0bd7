"""Channels of a case (reference S-01, C.2.2): the group that each belongs to, where a case from it begins, emergency lines.

The tables are data: they say how the field sorts its channels and hold no rule.
"""

from collections.abc import Mapping
from types import MappingProxyType

from shaodao.domain.vocabulary import Channel, ChannelGroup, Role, SolvingLevel, Term


class EmergencyLine(Term):
    """An emergency line 紧急专线 to which a matter is passed instead of being accepted (B.2 第11条, C.9 point 7)."""

    POLICE = "110", "公安报警"
    FIRE = "119", "火警救援"
    AMBULANCE = "120", "医疗急救"
    TRAFFIC = "122", "交通事故报警"
    SEA_RESCUE = "12395", "水上遇险求救"


_CHANNELS: Mapping[ChannelGroup, Mapping[SolvingLevel, tuple[Channel, ...]]] = {
    ChannelGroup.SELF_ORDER: {
        SolvingLevel.GRID: (Channel.WECHAT_GROUP,),
        SolvingLevel.COMMUNITY: (Channel.SERVICE_WINDOW, Channel.OPINION_BOX, Channel.WISH_BOX),
        SolvingLevel.STREET: (
            Channel.HOTLINE, Channel.HOTLINE_12345, Channel.QUNGONG, Channel.WECHAT, Channel.SMS, Channel.WEB,
        ),
    },
    ChannelGroup.CADRE_ORDER: {
        SolvingLevel.GRID: (Channel.HOME_VISIT, Channel.COURTYARD, Channel.DIARY, Channel.SEA_TEAM),
        SolvingLevel.COMMUNITY: (Channel.PEOPLE_TALK, Channel.HOUSEHOLD_REP, Channel.PARTY_REP),
    },
    ChannelGroup.ARCHIVE_ORDER: {SolvingLevel.COMMUNITY: (Channel.THREE_COLOR,)},
    ChannelGroup.PATROL: {SolvingLevel.GRID: (Channel.GRID_PATROL,)},
    ChannelGroup.SYSTEM: {
        SolvingLevel.GRID: (Channel.DEVICE, Channel.BEIDOU),
        SolvingLevel.STREET: (Channel.DEPARTMENT, Channel.SUPERIOR, Channel.MEDIA),
    },
}  # fmt: skip

CHANNEL_GROUPS: Mapping[Channel, ChannelGroup] = MappingProxyType(
    {channel: group for group, levels in _CHANNELS.items() for channels in levels.values() for channel in channels}
)
"""The group of every channel (S-01)."""

CHANNEL_LEVELS: Mapping[Channel, SolvingLevel] = MappingProxyType(
    {channel: level for levels in _CHANNELS.values() for level, channels in levels.items() for channel in channels}
)
"""The solving level 解决层级 on which each channel is received (C.6)."""

RESIDENT_CHANNELS: frozenset[Channel] = frozenset(
    {
        Channel.WECHAT, Channel.WEB, Channel.WECHAT_GROUP, Channel.SMS, Channel.QUNGONG, Channel.OPINION_BOX,
        Channel.WISH_BOX,
    }
)  # fmt: skip
"""The channels that residents use without a member of staff who writes down what they tell."""

FACE_TO_FACE: frozenset[Channel] = frozenset(
    {
        Channel.HOME_VISIT, Channel.COURTYARD, Channel.SERVICE_WINDOW, Channel.PEOPLE_TALK, Channel.HOUSEHOLD_REP,
        Channel.PARTY_REP, Channel.SEA_TEAM, Channel.GRID_PATROL,
    }
)  # fmt: skip
"""The channels through which staff stand before the people, so that a matter can be settled on the spot (S-06)."""

_RECEIVER_LEVELS: Mapping[Role, SolvingLevel] = {
    Role.GRID_WORKER: SolvingLevel.GRID,
    Role.GRID_CHIEF: SolvingLevel.COMMUNITY,
}


def first_level(channel: Channel, receiver: Role) -> SolvingLevel:
    """Where a case begins: on the level of the grid worker or chief who receives it first, else on the channel's."""
    return _RECEIVER_LEVELS.get(receiver, CHANNEL_LEVELS[channel])
