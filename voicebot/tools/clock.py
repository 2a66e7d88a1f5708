"""What time it is, in English and Japanese."""

from __future__ import annotations

import difflib
import zoneinfo
from datetime import datetime, tzinfo

_PLACES = {
    "utc": "UTC", "gmt": "UTC", "世界標準時": "UTC", "協定世界時": "UTC",
    "jst": "Asia/Tokyo", "japan": "Asia/Tokyo", "日本": "Asia/Tokyo", "日本時間": "Asia/Tokyo", "東京": "Asia/Tokyo",
    "大阪": "Asia/Tokyo", "京都": "Asia/Tokyo", "osaka": "Asia/Tokyo", "kyoto": "Asia/Tokyo",
    "ソウル": "Asia/Seoul", "韓国": "Asia/Seoul", "korea": "Asia/Seoul",
    "上海": "Asia/Shanghai", "北京": "Asia/Shanghai", "中国": "Asia/Shanghai", "beijing": "Asia/Shanghai",
    "台北": "Asia/Taipei", "台湾": "Asia/Taipei", "香港": "Asia/Hong_Kong", "シンガポール": "Asia/Singapore",
    "ロンドン": "Europe/London", "イギリス": "Europe/London", "パリ": "Europe/Paris", "フランス": "Europe/Paris",
    "ベルリン": "Europe/Berlin", "ドイツ": "Europe/Berlin", "ニューヨーク": "America/New_York",
    "ロサンゼルス": "America/Los_Angeles", "san francisco": "America/Los_Angeles", "ハワイ": "Pacific/Honolulu",
    "hawaii": "Pacific/Honolulu", "シドニー": "Australia/Sydney",
}  # fmt: skip
"""What people call places that no time zone is named after."""
_DAYS = "月火水木金土日"
_ENGLISH_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ENGLISH_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
"""Not from strftime, which uses the language of the machine."""
_REIWA = 2018
"""The year before the era began."""


def current_time(time_zone: str = "") -> str:
    """Tell the current date, weekday and time.

    time_zone: an IANA name such as Asia/Tokyo, or a large city; leave it out for the user's own.
    """
    return describe_time(datetime.now(find_time_zone(time_zone)) if time_zone.strip() else datetime.now().astimezone())


def describe_time(moment: datetime) -> str:
    """Return `moment` in English and in Japanese, each ready to be said."""
    offset = moment.strftime("%z")
    zone = f"{moment.tzinfo or ''}, UTC{offset[:3]}:{offset[3:5]}"
    era = f"(令和{moment.year - _REIWA}年)" if moment.year > _REIWA + 1 else ""
    return (
        f"{_ENGLISH_DAYS[moment.weekday()]}, {moment.day} {_ENGLISH_MONTHS[moment.month - 1]} {moment.year}, "
        f"{moment:%H:%M} ({zone})\n"
        f"{moment.year}年{era}{moment.month}月{moment.day}日{_DAYS[moment.weekday()]}曜日 "
        f"{moment.hour}時{moment.minute}分"
    )


def find_time_zone(name: str) -> tzinfo:
    """Return the time zone with that name, or of the place with that name; raise ValueError with the nearest names."""
    wanted = name.strip().casefold().replace(" ", "_")
    wanted = _PLACES.get(wanted.replace("_", " "), wanted).casefold()
    known = sorted(zoneinfo.available_timezones())
    cities = {zone.rpartition("/")[2].casefold(): zone for zone in known}
    for called in ({zone.casefold(): zone for zone in known}, cities):
        if wanted in called:
            return zoneinfo.ZoneInfo(called[wanted])
    near = [cities[city] for city in difflib.get_close_matches(wanted.rpartition("/")[2], cities, 3)]
    raise ValueError(
        f"there is no time zone {name!r}; use an IANA name such as {', '.join(near) if near else 'Asia/Tokyo'}"
    )
