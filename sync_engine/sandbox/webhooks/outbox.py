"""The events that wait for delivery."""

from __future__ import annotations

from collections.abc import Iterable

from sync_engine.sandbox.webhooks.events import Event


class Webhooks:
    """Takes the events of committed requests; without a subscription it lets them go."""

    def __init__(self) -> None:
        self.pending: list[Event] = []
        self.subscribed = False

    def take(self, events: Iterable[Event]) -> None:
        """Keep events for delivery, when someone subscribed."""
        if self.subscribed:
            self.pending.extend(events)
