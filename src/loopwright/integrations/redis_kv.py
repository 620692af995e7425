"""Key-value pairs in Redis, which several machines share.

A value is kept as `EXPIRY:BYTES`, the expiry in microseconds of the clock given (0: none), so that a value is absent
from its very expiry on and by the same clock everywhere; Redis itself forgets it a minute later. What a call may change
is changed by a script, in one step.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from loopwright.core.clock import SECOND, Clock, Micros
from loopwright.errors import (
    LoopwrightError,
    MissingExtraError,
    NoPermissionError,
    NoSpaceError,
    SettingError,
    StoreBusyError,
    StoreError,
    UsageError,
)
from loopwright.store.kv import KeyValues

MOST = (1 << 53) - 1
"""Counters are exact up to here: scripts of Redis count in doubles."""
_SLACK = 60 * SECOND
_KEYS_A_CALL = 500
_IDLE_S = 30
_LIVE = """
local function live(key, now)
  local held = redis.call('GET', key)
  if not held then return false end
  local cut = string.find(held, ':', 1, true)
  local expiry = tonumber(string.sub(held, 1, cut - 1))
  if expiry ~= 0 and expiry <= tonumber(now) then return false end
  return string.sub(held, cut + 1)
end
local function put(key, value, expiry, left)
  local held = expiry .. ':' .. value
  if tonumber(left) > 0 then redis.call('SET', key, held, 'PX', left) else redis.call('SET', key, held) end
end
"""
_ADD = (
    _LIVE
    + """
local held = live(KEYS[1], ARGV[1]) or '0'
if not string.match(held, '^%-?%d+$') then return redis.error_reply('NOTACOUNTER') end
local total = tonumber(held) + tonumber(ARGV[4])
if total > tonumber(ARGV[5]) then return false end
local said = string.format('%.0f', total)
put(KEYS[1], said, ARGV[2], ARGV[3])
return said
"""
)
_SWAP = (
    _LIVE
    + """
local held = live(KEYS[1], ARGV[1])
if ARGV[4] == '1' and held ~= ARGV[5] or ARGV[4] == '0' and held then return 0 end
put(KEYS[1], ARGV[6], ARGV[2], ARGV[3])
return 1
"""
)
_DELETE = (
    _LIVE
    + """
local there = 0
for _, key in ipairs(KEYS) do
  if live(key, ARGV[1]) then there = there + 1 end
  redis.call('DEL', key)
end
return there
"""
)


class RedisKeyValues(KeyValues):
    """Pairs in one Redis, below a prefix. Connects when it is first used; every call tries once.

    A write that returned is in Redis: whether it survives a fall of Redis itself is Redis's own setting.

    Args:
        url: `redis://` or `rediss://`, with what it needs to log in; shown nowhere.
        prefix: Begins every key.
        clock: Expiries go by its `now()`.
        timeout_s: Longest wait for a connection, and for an answer.

    Raises:
        MissingExtraError: The library `redis` is not installed.
        SettingError: The URL is none of Redis.
    """

    def __init__(self, url: str, *, prefix: str, clock: Clock, timeout_s: float = 0.25) -> None:
        self._redis, self._errors = _client(url, timeout_s)
        self._prefix = prefix
        self._clock = clock
        self._add: Callable[..., Any] = self._redis.register_script(_ADD)
        self._swap: Callable[..., Any] = self._redis.register_script(_SWAP)
        self._delete: Callable[..., Any] = self._redis.register_script(_DELETE)

    def close(self) -> None:
        """Hang up."""
        self._redis.close()

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        now = self._clock.now()
        with self._named_errors():
            for part in _parts(keys):
                held = self._redis.mget([self._prefix + key for key in part])
                found |= {
                    key: value for key, one in zip(part, held, strict=True) if (value := _live(one, now)) is not None
                }
        return found

    def keys(self, prefix: str) -> list[str]:
        pattern = "".join(f"\\{one}" if one in "*?[]\\^-" else one for one in self._prefix + prefix) + "*"
        with self._named_errors():
            there = list(dict.fromkeys(self._redis.scan_iter(match=pattern, count=_KEYS_A_CALL)))
        return sorted(self.get_many([key.decode()[len(self._prefix) :] for key in there]))

    def put_many(self, items: Mapping[str, bytes], *, expires_at: Micros | None = None) -> None:
        if not items:
            return
        expiry, left_ms = self._expiry(expires_at)
        with self._named_errors():
            pipe = self._redis.pipeline(transaction=True)
            for key, value in items.items():
                pipe.set(self._prefix + key, b"%d:%b" % (expiry, value), px=left_ms or None)
            pipe.execute()

    def delete_many(self, keys: Sequence[str]) -> int:
        now = self._clock.now()
        with self._named_errors():
            return sum(
                int(self._delete(keys=[self._prefix + key for key in part], args=[now]))
                for part in _parts(list(dict.fromkeys(keys)))
            )

    def add_if(self, key: str, delta: int, limit: int, *, expires_at: Micros | None = None) -> int | None:
        if abs(delta) > MOST:
            raise UsageError(f"{key} cannot count by {delta}", why=f"counters in Redis are exact up to {MOST}")
        args = [self._clock.now(), *self._expiry(expires_at), delta, min(limit, MOST)]
        with self._named_errors(key):
            total = self._add(keys=[self._prefix + key], args=args)
        return None if total is None else int(total)

    def compare_and_set(
        self, key: str, expected: bytes | None, new: bytes, *, expires_at: Micros | None = None
    ) -> bool:
        known = [0, b""] if expected is None else [1, expected]
        args = [self._clock.now(), *self._expiry(expires_at), *known, new]
        with self._named_errors():
            return bool(self._swap(keys=[self._prefix + key], args=args))

    def _expiry(self, expires_at: Micros | None) -> tuple[Micros, int]:
        """When a value is absent, and in how many milliseconds Redis forgets it; 0: never."""
        if expires_at is None:
            return 0, 0
        return expires_at, max(1, (expires_at - self._clock.now() + _SLACK) // 1000)

    @contextmanager
    def _named_errors(self, key: str = "") -> Iterator[None]:
        try:
            yield
        except self._errors.RedisError as error:
            raise _named(error, self._errors, key) from None


def opened(url: str, *, prefix: str, clock: Clock) -> KeyValues:
    """The pairs behind a URL; see `RedisKeyValues`."""
    return RedisKeyValues(url, prefix=prefix, clock=clock)


def _client(url: str, timeout_s: float) -> tuple[Any, Any]:
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError as error:
        raise MissingExtraError(
            "a Redis needs the extra `redis`", why=str(error), fix='pip install "loopwright[redis]"'
        ) from error
    try:
        client = redis.Redis.from_url(
            url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=Retry(NoBackoff(), 0),
            health_check_interval=_IDLE_S,
        )  # fmt: skip
    except (ValueError, redis.RedisError):
        # Its message may quote the URL, which may hold a password.
        raise SettingError("the URL of the Redis is none", why="it is not of the form redis://HOST:PORT/0") from None
    return client, redis.exceptions


def _named(error: Exception, errors: Any, key: str) -> LoopwrightError:
    """The error of our tree; words of Redis are told only where they cannot hold a password or a value."""
    if "NOTACOUNTER" in str(error):
        return UsageError(f"{key} is not a counter", why="its value is not a whole number")
    why = type(error).__name__
    if isinstance(error, errors.AuthenticationError | errors.AuthorizationError | errors.NoPermissionError):
        return NoPermissionError(
            "the Redis does not let us in", why=why, fix="Correct the user or the password in its URL."
        )
    if isinstance(error, errors.OutOfMemoryError):
        return NoSpaceError(
            "the Redis is full", why="its maxmemory is reached", fix="Give it more, or let it evict keys."
        )
    if isinstance(error, errors.ConnectionError | errors.TimeoutError | errors.ReadOnlyError | errors.ClusterDownError):
        return StoreBusyError(
            "the Redis does not answer", why=why, fix="See that it runs and can be reached from here."
        )
    return StoreError("the Redis refused a command", why=why)


def _live(held: bytes | None, now: Micros) -> bytes | None:
    if held is None:
        return None
    expiry, _, value = held.partition(b":")
    return value if expiry == b"0" or int(expiry) > now else None


def _parts(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _KEYS_A_CALL):
        yield keys[start : start + _KEYS_A_CALL]
