"""Channels: every one has a group and a level (S-01, C.6); the emergency lines (B.2)."""

import pytest

from shaodao.domain.channels import (
    CHANNEL_GROUPS,
    CHANNEL_LEVELS,
    FACE_TO_FACE,
    RESIDENT_CHANNELS,
    EmergencyLine,
    first_level,
)
from shaodao.domain.vocabulary import Channel, ChannelGroup, Role, SolvingLevel


def test_every_channel_has_one_group_and_one_level() -> None:
    assert set(CHANNEL_GROUPS) == set(CHANNEL_LEVELS) == set(Channel)
    assert set(CHANNEL_GROUPS.values()) == set(ChannelGroup)


@pytest.mark.parametrize(
    ("group", "channels"),
    [
        (
            ChannelGroup.SELF_ORDER,
            "HOTLINE 便民热线, HOTLINE_12345 12345转办, QUNGONG 群工系统, WECHAT 微信公众号, WECHAT_GROUP 网格微信群, SMS 短信, "
            "WEB 网上办事, SERVICE_WINDOW 服务窗口, OPINION_BOX 意见箱/公开信箱, WISH_BOX 微心愿",
        ),
        (
            ChannelGroup.CADRE_ORDER,
            "HOME_VISIT 上门接单, COURTYARD 院坝寻单, PEOPLE_TALK 民情恳谈, HOUSEHOLD_REP 户代表会议, DIARY 民情日记, "
            "PARTY_REP 党代表, SEA_TEAM 海上团队",
        ),
        (ChannelGroup.ARCHIVE_ORDER, "THREE_COLOR 三色档案"),
        (ChannelGroup.PATROL, "GRID_PATROL 网格巡查"),
        (
            ChannelGroup.SYSTEM,
            "BEIDOU 北斗/渔船终端, DEVICE 智慧设备, DEPARTMENT 部门移送, SUPERIOR 上级交办, MEDIA 媒体",
        ),
    ],
)
def test_every_channel_of_the_reference_by_its_group(group: ChannelGroup, channels: str) -> None:
    """S-01, C.2.2: 群众自助点单, 党员干部接单寻单, 三色档案建单, and what no order is: patrols and systems."""
    named = {f"{channel.value} {channel.label}" for channel in Channel if CHANNEL_GROUPS[channel] is group}
    assert named == set(channels.split(", "))


def test_only_who_stands_before_the_people_settles_on_the_spot() -> None:
    """S-06: visits, courtyard sessions, windows; nobody does by a hotline or a box."""
    assert {Channel.HOME_VISIT, Channel.COURTYARD, Channel.SERVICE_WINDOW} < FACE_TO_FACE
    assert FACE_TO_FACE.isdisjoint(RESIDENT_CHANNELS | {Channel.HOTLINE, Channel.DEVICE, Channel.THREE_COLOR})


def test_a_case_begins_where_it_is_received_first() -> None:
    assert first_level(Channel.HOTLINE, Role.STREET_DISPATCHER) is SolvingLevel.STREET
    assert first_level(Channel.HOTLINE, Role.GRID_WORKER) is SolvingLevel.GRID
    assert first_level(Channel.WECHAT, Role.GRID_CHIEF) is SolvingLevel.COMMUNITY
    assert first_level(Channel.DEVICE, Role.SYSTEM) is SolvingLevel.GRID


def test_the_emergency_lines() -> None:
    assert [line.value for line in EmergencyLine] == ["110", "119", "120", "122", "12395"]
