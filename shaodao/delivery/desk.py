"""The desk of one organization for one assignment: each action is a command, checked and recorded by the core (C.4)."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from shaodao.commands import assignments, desk_facts, reports
from shaodao.commands.history import Entry, record
from shaodao.commands.running import CommandRunner, Repetition, connection_of
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.delivery.hearing import HOOK_LABELS, event_of
from shaodao.delivery.lanes import Delivery
from shaodao.delivery.pace import Now
from shaodao.delivery.views import read_step, read_view
from shaodao.departments import Departments
from shaodao.domain.errors import NotFound, NotPermitted
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import Role
from shaodao.plugin import (
    AssignmentView,
    AttachmentMetadata,
    CoordinateSystem,
    DeadlineUnit,
    DeliveryKey,
    DepartmentSettings,
    Event,
    Json,
    ObjectionReason,
    Point,
    Report,
)
