"""How often one visitor of a served app may ask for what is expensive: token buckets in memory.

Generous for people: a bucket holds what somebody may ask for at once and fills again steadily. A
visitor's page has a bucket, and their address one for everybody behind it, as a school has one
address for a whole class.
"""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from emotion_ai.errors import LimitError

#: What an address may do, in pages of one visitor each.
PAGES_AN_ADDRESS = 30
#: Visitors remembered; whoever came least recently is forgotten first.
_MOST_BUCKETS = 20_000


@dataclass(frozen=True)
class Limit:
    """``burst`` of ``what`` at once, ``per_minute`` more each minute."""

    what: str
    burst: float
    per_minute: float


PHOTOS = Limit("photos", 60, 30)
VIDEOS = Limit("videos", 5, 1)
EXPLANATIONS = Limit("explained faces", 60, 60)
GRADIENTS = Limit("Grad-CAM maps", 5, 3)
COMPUTATIONS = Limit("computations", 10, 2)
REPORTS = Limit("reports", 5, 2)
LIVE = Limit("live sessions", 10, 2)
VOTES = Limit("votes", 30, 30)
BALLOTS = Limit("class votes", 5, 2)
REQUESTS = Limit("requests to the model server", 60, 60)

#: What is uploaded stays in the server's memory while its page is open: of one visitor, one file
#: of the largest size (``server.maxUploadSize``, 200 MB) or many smaller ones.
UPLOAD_BYTES_A_VISITOR, UPLOAD_BYTES_OF_ALL = 204 << 20, 400 << 20


class Buckets:
    """Token buckets by kind and visitor. ``clock`` gives seconds; safe for many threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        #: What is left and when that was, by what and who.
        self._left: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def spend(self, limit: Limit, page: str, address: str) -> None:
        """Take one from the buckets of a page and its address, or LimitError and nothing."""
        buckets = {page: 1.0, f"at {address}": float(PAGES_AN_ADDRESS)}
        with self._lock:
            now = self._clock()
            left = {who: self._filled(limit, who, size, now) for who, size in buckets.items()}
            for who, size in buckets.items():
                if (lacking := 1 - left[who]) > 0:
                    wait_s = math.ceil(60 * lacking / (limit.per_minute * size))
                    raise LimitError(
                        f"Too many {limit.what} in a short time: try again in {_duration(wait_s)}."
                    )
            for who in buckets:
                self._left[limit.what, who] = (left[who] - 1, now)
                self._left.move_to_end((limit.what, who))
            while len(self._left) > _MOST_BUCKETS:
                self._left.popitem(last=False)

    def _filled(self, limit: Limit, who: str, size: float, now: float) -> float:
        full = limit.burst * size
        left, at = self._left.get((limit.what, who), (full, now))
        return min(full, left + (now - at) * limit.per_minute * size / 60)


def _duration(seconds: int) -> str:
    return f"{seconds} s" if seconds < 100 else f"{math.ceil(seconds / 60)} minutes"
