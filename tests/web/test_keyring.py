from loopwright.core.hashing import digest_bytes
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.ledger import Record
from loopwright.testing.clocks import ManualClock
from loopwright.web.keyring import Keyring, NoKeys


def put(ledger, secret, revision, **more):
    data = {"digest": digest_bytes(secret.encode())} | more
    keyring = Record(kind="keyring", id="keys", data={"revision": revision})
    ledger.commit(records=[Record(kind="api_key", id=f"key_{secret}", data=data), keyring])


def test_a_key_is_found_by_its_secret_for_as_long_as_it_is_good():
    clock = ManualClock()
    ledger = MemoryLedger(clock=clock)
    put(ledger, "a", "1", expires_at=clock.now() + 2_000_000)
    keyring = Keyring(ledger, clock)
    for _ in range(2):
        assert keyring.of("a").id == "key_a"
    assert keyring.of("b") is None
    assert keyring.any_opens()
    clock.sleep(3)
    assert keyring.of("a") is None
    assert not keyring.any_opens()


def test_a_key_that_was_asked_for_is_forgotten_when_it_is_revoked():
    ledger = MemoryLedger(clock=ManualClock())
    put(ledger, "a", "1")
    keyring = Keyring(ledger, ManualClock())
    assert keyring.of("a")
    put(ledger, "a", "2", revoked=True)
    assert keyring.refresh()
    assert keyring.of("a") is None


def test_a_header_is_remembered_until_keys_change_and_not_for_a_key_that_is_gone():
    ledger = MemoryLedger(clock=ManualClock())
    put(ledger, "a", "1")
    keyring = Keyring(ledger, ManualClock())
    known = keyring.of("a")
    keyring.remember("Bearer a", known)
    assert keyring.remembered("Bearer a") is known
    put(ledger, "a", "2", revoked=True)
    keyring.refresh()
    assert keyring.remembered("Bearer a") is None
    keyring.remember("Bearer a", known)
    assert keyring.remembered("Bearer a") is None


def test_a_remembered_key_expires_too():
    clock = ManualClock()
    ledger = MemoryLedger(clock=clock)
    put(ledger, "a", "1", expires_at=clock.now() + 2_000_000)
    keyring = Keyring(ledger, clock)
    keyring.remember("Bearer a", keyring.of("a"))
    assert keyring.remembered("Bearer a")
    clock.sleep(3)
    assert keyring.remembered("Bearer a") is None


def test_without_keys_nobody_is_known():
    assert NoKeys().of("a") is None
    assert NoKeys().remembered("Bearer a") is None
