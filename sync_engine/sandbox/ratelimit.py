"""The budget of a connection: so many requests per window of 60 seconds, to be spent in a burst if wished."""

from __future__ import annotations

from sync_engine.sandbox.apierrors import rate_limited

WINDOW = 60_000


class RateLimit:
    """Counts requests per connection. `per_minute` None lifts the limit."""

    def __init__(self, per_minute: int | None) -> None:
        self.per_minute = per_minute
        self._windows: dict[str, tuple[int, int]] = {}

    def take(self, connection_id: str, now: int) -> None:
        """Count one request at `now` (milliseconds), or raise the 429 with whole seconds to wait, 1 to 60."""
        if self.per_minute is None:
            return
        start, used = self._windows.get(connection_id, (now, 0))
        if not start <= now < start + WINDOW:
            start, used = now, 0
        if used >= self.per_minute:
            wait = -(-(start + WINDOW - now) // 1000)
            raise rate_limited(max(1, min(60, wait)), "public_api_request_rate_limit")
        self._windows[connection_id] = (start, used + 1)
