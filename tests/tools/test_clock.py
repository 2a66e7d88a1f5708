"""What time it is, in both languages."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from voicebot.tools.clock import current_time, describe_time, find_time_zone

MOMENT = datetime(2026, 11, 21, 12, 5, tzinfo=UTC)


def test_the_time_is_told_in_english_and_japanese() -> None:
    assert describe_time(MOMENT.astimezone(find_time_zone("Asia/Tokyo"))) == (
        "Saturday, 21 November 2026, 21:05 (Asia/Tokyo, UTC+09:00)\n2026年(令和8年)11月21日土曜日 21時5分"
    )


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("Asia/Tokyo", "Asia/Tokyo"),
        ("asia/tokyo", "Asia/Tokyo"),
        ("東京", "Asia/Tokyo"),
        ("JST", "Asia/Tokyo"),
        ("日本", "Asia/Tokyo"),
        ("New York", "America/New_York"),
        ("ニューヨーク", "America/New_York"),
        ("san francisco", "America/Los_Angeles"),
        ("utc", "UTC"),
    ],
)
def test_a_time_zone_may_be_called_by_its_city_or_country(name: str, zone: str) -> None:
    assert str(find_time_zone(name)) == zone


def test_an_unknown_time_zone_is_answered_with_the_nearest_ones() -> None:
    with pytest.raises(ValueError, match="no time zone 'Asia/Tokio'; use an IANA name such as Asia/Tokyo"):
        current_time("Asia/Tokio")
    with pytest.raises(ValueError, match="Asia/Tokyo"):
        current_time("../../etc/passwd")


def test_without_a_time_zone_it_is_the_users_own() -> None:
    own = datetime.now().astimezone()
    assert own.strftime("UTC%z") in current_time().replace(":", "")
    assert re.search(r"\d時\d+分$", current_time(" "))
