"""Channels: every one has a group and a level (S-01, C.6); the emergency lines (B.2)."""

import pytest

from shaodao.domain.channels import CHANNEL_GROUPS, CHANNEL_LEVELS, EmergencyLine, first_level
from shaodao.domain.vocabulary import Channel, ChannelGroup, Role, SolvingLevel


def test_every_channel_has_one_group_and_one_level() -> None:
    assert set(CHANNEL_GROUPS) == set(CHANNEL_LEVELS) == set(Channel)
    assert set(CHANNEL_GROUPS.values()) == set(ChannelGroup)


@pytest.mark.parametrize(
    ("channel", "group"),
    [
        (Channel.HOTLINE, ChannelGroup.SELF_ORDER),
        (Channel.WISH_BOX, ChannelGroup.SELF_ORDER),
        (Channel.HOME_VISIT, ChannelGroup.CADRE_ORDER),
        (Channel.THREE_COLOR, ChannelGroup.ARCHIVE_ORDER),
        (Channel.GRID_PATROL, ChannelGroup.PATROL),
        (Channel.DEVICE, ChannelGroup.SYSTEM),
    ],
)
def test_groups_of_the_demonstration_street(channel: Channel, group: ChannelGroup) -> None:
    assert CHANNEL_GROUPS[channel] is group


def test_a_case_begins_where_it_is_received_first() -> None:
    assert first_level(Channel.HOTLINE, Role.STREET_DISPATCHER) is SolvingLevel.STREET
    assert first_level(Channel.HOTLINE, Role.GRID_WORKER) is SolvingLevel.GRID
    assert first_level(Channel.WECHAT, Role.GRID_CHIEF) is SolvingLevel.COMMUNITY
    assert first_level(Channel.DEVICE, Role.SYSTEM) is SolvingLevel.GRID


def test_the_emergency_lines() -> None:
    assert [line.value for line in EmergencyLine] == ["110", "119", "120", "122", "12395"]
