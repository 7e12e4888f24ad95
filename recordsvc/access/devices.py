"""Devices in a word (设备): what a session's owner recognises, without the fingerprint a browser sends."""

from typing import Final

# The first that occurs in the header wins: Android browsers also say Linux, iPhones also say Mac OS.
_SYSTEMS: Final = (
    ("HarmonyOS", "HarmonyOS"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)
# Every browser also says Safari, and most also say Chrome.
_BROWSERS: Final = (
    ("MicroMessenger", "微信"),
    ("AlipayClient", "支付宝"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)


def coarse(user_agent: str) -> str:
    """Return system and browser as one short word each; empty for programs that say neither."""
    found = (
        next((word for mark, word in known if mark in user_agent), "") for known in (_SYSTEMS, _BROWSERS)
    )
    return " · ".join(word for word in found if word)
