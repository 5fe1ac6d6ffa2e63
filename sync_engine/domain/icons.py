"""Icons: an emoji for a table, by the last word of its name that has one."""

from __future__ import annotations

from collections.abc import Mapping

from sync_engine.domain.naming import words

DEFAULT_ICON = "🗂️"

_ICONS: Mapping[str, str] = {
    "account": "💼",
    "agent": "🤖",
    "answer": "💡",
    "article": "📰",
    "asset": "🗃️",
    "attachment": "📎",
    "audit": "🔍",
    "book": "📚",
    "bug": "🐞",
    "calendar": "📅",
    "campaign": "📣",
    "capability": "⚡",
    "category": "🗃️",
    "channel": "📡",
    "chat": "💬",
    "city": "🏙️",
    "client": "🤝",
    "comment": "💬",
    "company": "🏢",
    "contact": "📇",
    "contract": "📜",
    "country": "🌍",
    "course": "🎓",
    "customer": "🤝",
    "deal": "🤝",
    "department": "🏬",
    "device": "📱",
    "document": "📄",
    "domain": "🧭",
    "email": "✉️",
    "employee": "👤",
    "event": "📅",
    "expense": "💸",
    "feature": "✨",
    "feedback": "💬",
    "file": "📎",
    "function": "⚙️",
    "goal": "🎯",
    "group": "👥",
    "idea": "💡",
    "image": "🖼️",
    "invoice": "🧾",
    "issue": "🐞",
    "item": "📦",
    "job": "🛠️",
    "knowledge": "🧭",
    "language": "🌐",
    "lead": "🌱",
    "lesson": "🎓",
    "link": "🔗",
    "location": "📍",
    "meeting": "📅",
    "member": "👤",
    "message": "💬",
    "milestone": "🏁",
    "model": "🧠",
    "module": "🧩",
    "note": "📝",
    "order": "🧾",
    "organization": "🏢",
    "page": "📄",
    "partner": "🤝",
    "payment": "💳",
    "person": "👤",
    "persona": "👤",
    "people": "👥",
    "permission": "🔑",
    "plan": "🗺️",
    "post": "📰",
    "price": "🏷️",
    "product": "📦",
    "profile": "👤",
    "project": "📁",
    "prompt": "💬",
    "provider": "🔌",
    "question": "❓",
    "recipe": "🍳",
    "report": "📊",
    "review": "⭐",
    "role": "🎭",
    "room": "🚪",
    "sale": "💰",
    "schedule": "🗓️",
    "service": "🛎️",
    "session": "🗨️",
    "setting": "⚙️",
    "skill": "⚡",
    "source": "📥",
    "sprint": "🏃",
    "status": "🚦",
    "story": "📖",
    "subscription": "🔁",
    "supplier": "🚚",
    "tag": "🏷️",
    "task": "✅",
    "team": "👥",
    "template": "📐",
    "tenant": "🏢",
    "test": "🧪",
    "ticket": "🎫",
    "tool": "🛠️",
    "topic": "🧵",
    "transaction": "💳",
    "user": "👤",
    "vendor": "🚚",
    "version": "🔖",
    "video": "🎬",
    "workflow": "🔀",
    "workspace": "🖥️",
}

_WHOLE: Mapping[tuple[str, ...], str] = {("use", "case"): "🎯"}


def icon_for(table: str) -> str:
    """The emoji that suits a table's name, or a plain one."""
    parts = tuple(_singular(word.lower()) for word in words(table))
    if found := _WHOLE.get(parts[-2:]):
        return found
    return next((_ICONS[word] for word in reversed(parts) if word in _ICONS), DEFAULT_ICON)


def _singular(word: str) -> str:
    if word in _ICONS:
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    for ending in ("es", "s"):
        if word.endswith(ending) and word.removesuffix(ending) in _ICONS:
            return word.removesuffix(ending)
    return word.removesuffix("s")
