"""Limits as data, and the bucket of one client in one process (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WINDOW_SECONDS = 60
LEAST_KIOSK_SHARE = 0.2
# How much of a bucket a process holds at once: few round trips, and little that lies where it is not needed.
_BLOCKS = 8


@dataclass(frozen=True, slots=True)
class Limit:
    """Attributes:
    quota: calls a minute.
    burst: calls at once.
    """

    quota: int
    burst: int

    @property
    def per_second(self) -> float:
        return self.quota / WINDOW_SECONDS

    @property
    def block(self) -> int:
        return max(1, self.burst // _BLOCKS)

    def share(self, part: float) -> "Limit":
        return Limit(max(1, int(self.quota * part)), max(1, int(self.burst * part)))


@dataclass(frozen=True, slots=True)
class Limits:
    """Attributes:
    kinds: by kind of client; `default` for all others.
    kiosks: of all kiosks together, theirs alone.
    others: of everybody else together.
    """

    kinds: Mapping[str, Limit]
    kiosk_kinds: frozenset[str]
    kiosks: Limit
    others: Limit

    def of(self, kind: str) -> Limit:
        return self.kinds.get(kind) or self.kinds["default"]

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> "Limits":
        """Raises:
        ValueError: something is missing or senseless.
        """
        try:
            kinds = {kind: Limit(**entry) for kind, entry in content["kinds"].items()}
            platform = content["platform"]
            share = float(platform["kiosk_share"])
            whole = Limit(int(platform["quota"]), int(platform["burst"]))
            kiosk_kinds = frozenset(platform["kiosk_kinds"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"the limits are incomplete: {error}") from None
        if "default" not in kinds or not LEAST_KIOSK_SHARE <= share < 1:
            raise ValueError(f"kinds needs a default, and kiosk_share is at least {LEAST_KIOSK_SHARE} and below 1")
        if min(min(limit.quota, limit.burst) for limit in (*kinds.values(), whole)) < 1:
            raise ValueError("quota and burst must be at least 1")
        return cls(kinds, kiosk_kinds, whole.share(share), whole.share(1 - share))


class Bucket:
    """What one process knows of a bucket: tokens that it has leased, and calls that it let pass on trust.

    Attributes:
        name: of the bucket in Redis.
        credit: tokens that it may give out.
        debt: calls that were let pass before a lease came; the next settlement pays them.
        plenty: credit from which on one call less leaves enough.
        left: tokens that the shared bucket had after the last settlement.
        used_at: when somebody last asked.
    """

    __slots__ = (
        "_block",
        "_half_burst",
        "_half_rate",
        "_intro",
        "_policy",
        "at",
        "credit",
        "debt",
        "is_trusted",
        "left",
        "limit",
        "name",
        "plenty",
        "used_at",
    )

    def __init__(self, name: str, limit: Limit, now: float, *, is_alone: bool) -> None:
        self.name = name
        self.limit = limit
        # Asked for on every call.
        self._block = limit.block
        self.plenty = limit.block / 2 + 1
        self._half_burst = limit.burst / 2
        self._half_rate = limit.per_second / 2
        self._policy = f'"client";q={limit.quota};w={WINDOW_SECONDS}'
        self._intro = b'ratelimit-policy: %b\r\nratelimit: "client";r=' % self._policy.encode("ascii")
        self.credit = self._half_burst if is_alone else 0.0
        self.debt = 0
        self.left = 0.0 if is_alone else float(limit.burst)
        self.is_trusted = True
        self.at = self.used_at = now

    @property
    def is_low(self) -> bool:
        """Whether it wants another lease."""
        return self.debt > 0 or self.credit < self.plenty - 1

    def fields(self) -> bytes:
        """The headers RateLimit-Policy and RateLimit as they go over the wire."""
        remaining = self.credit - self.debt
        if self.left > 0:
            remaining += self.left
        if remaining >= 1:
            return b"%b%d;t=0\r\n" % (self._intro, remaining)
        return b"%b0;t=%d\r\n" % (self._intro, self.seconds_to_one())

    def headers(self) -> dict[str, str]:
        """The same for a refusal: nothing is left."""
        return {"RateLimit-Policy": self._policy, "RateLimit": f'"client";r=0;t={self.seconds_to_one()}'}

    def take(self, now: float, *, is_alone: bool) -> bool:
        """One call.

        Args:
            is_alone: whether Redis is away: it refills by itself then, at half the rate up to half the burst.
        """
        self.used_at = now
        if is_alone:
            grown = self.credit + (now - self.at) * self._half_rate
            if self.credit < grown and self.credit < self._half_burst:
                self.credit = min(self._half_burst, grown)
            self.at = now
        if self.credit >= 1:
            self.credit -= 1
            return True
        # At most one block on trust, until the shared bucket has said that it is empty.
        if not is_alone and self.is_trusted and self.debt < self._block:
            self.debt += 1
            return True
        return False

    def give_back(self) -> None:
        """A call that did not happen after all."""
        self.credit += 1

    def wanted(self) -> int:
        """How many tokens the next lease shall bring."""
        return max(0, int(self._block - self.credit))

    def settled(self, paid: int, granted: int, left: float) -> None:
        """What the shared bucket has answered.

        Args:
            paid: the debt that was told to it.
        """
        self.debt -= paid
        self.credit += granted
        self.left = left
        self.is_trusted = left >= 1

    def stand_alone(self, now: float) -> None:
        """Redis has gone: what was leased remains, what was owed is forgotten."""
        self.debt, self.at, self.left = 0, now, 0.0

    def come_back(self) -> None:
        """Redis is there again: everything is leased anew."""
        self.credit, self.debt, self.is_trusted = 0.0, 0, True

    def idle_credit(self) -> int:
        """Takes out what lies unused, so that other processes can have it."""
        unused, self.credit = int(self.credit), self.credit - int(self.credit)
        return unused

    def seconds_to_one(self) -> int:
        """How long a client should wait."""
        missing = max(0.0, 1 - min(self.left, 0.0))
        return max(1, int(missing / self.limit.per_second + 0.999))
