"""One bus. Engines emit events to it only while it has subscribers.

Hot paths test ``if bus.subscribers:`` (one global, usually the empty tuple) and do nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

__all__ = ["emit", "subscribe", "subscribers"]

Subscriber = Callable[[Any], None]

subscribers: tuple[Subscriber, ...] = ()
_lock = threading.Lock()


def subscribe(callback: Subscriber) -> Callable[[], None]:
    """Call `callback(event)` for every event from now on; return the function that ends it.

    Callbacks run in the thread that did the work and must return quickly: keep the event,
    draw later.
    """
    global subscribers  # noqa: PLW0603  one tuple, replaced whole, so that readers need no lock
    with _lock:
        subscribers = (*subscribers, callback)

    def unsubscribe() -> None:
        global subscribers  # noqa: PLW0603
        with _lock:
            subscribers = tuple(s for s in subscribers if s is not callback)

    return unsubscribe


def emit(event: Any) -> None:
    """Hand `event` to every subscriber."""
    for callback in subscribers:
        callback(event)
