"""Rules of accounts: who may what, which passphrases are good, how long a wrong one costs."""

from datetime import timedelta
from itertools import pairwise

import pytest

from secondlook.accounts import passphrases, throttle, tokens
from secondlook.accounts.actor import ANY, MAY, Actor, Permission, Role
from secondlook.accounts.passphrases import Costs
from secondlook.errors import UsageError

CHEAP = Costs(memory_mib=1, passes=1)
GOOD = "seven plates on a tray"


def test_each_role_may_what_the_next_one_may() -> None:
    ordered = [MAY[x] for x in Role]
    for higher, lower in pairwise(ordered):
        assert lower < higher
    assert set().union(*ordered) == set(Permission) - {Permission.REVEAL}


def test_the_higher_of_two_roles_counts() -> None:
    actor = Actor("ann", {ANY: Role.REVIEWER, "parts": Role.LEAD, "exams": Role.VIEWER})
    assert [actor.role(x) for x in ("parts", "exams", "other", ANY)] == [
        Role.LEAD,
        Role.REVIEWER,
        Role.REVIEWER,
        Role.REVIEWER,
    ]
    assert actor.seen(["parts", "other"]) == ("parts", "other")
    assert Actor("bob", {"parts": Role.OWNER}).seen(["parts", "other"]) == ("parts",)
    assert not Actor("bob", {"parts": Role.OWNER}).may(Permission.USERS)
    assert Actor("bob", {}).role() is None


@pytest.mark.parametrize(
    ("passphrase", "why"),
    [
        ("short", "at least 12"),
        ("x" * 300, "at most 256"),
        ("password1234", "among the first"),
        ("PassWord1234", "among the first"),
        ("aaaaaaaaaaaaaaaa", "among the first"),
        ("abababababababab", "among the first"),
        ("Anna Katharina", "than the name"),
        ("annakatharina123", "than the name"),
    ],
)
def test_what_is_easily_guessed_is_refused(passphrase: str, why: str) -> None:
    name = passphrase.removesuffix("123") if why == "than the name" else "Anna"
    with pytest.raises(UsageError, match=why) as refused:
        passphrases.check(passphrase, name)
    assert passphrase not in str(refused.value)


@pytest.mark.parametrize(
    "passphrase", [GOOD, "f7-Kq.9wZ_b2L", "zwölf Boxkämpfer jagen", "密码很长的一句话没有人能猜到"]
)
def test_what_is_long_enough_is_good(passphrase: str) -> None:
    passphrases.check(passphrase, "Anna")


def test_the_common_ones_would_be_long_enough() -> None:
    assert min(map(len, passphrases.COMMON)) >= passphrases.SHORTEST
    assert all(x == x.casefold() for x in passphrases.COMMON)


def test_a_passphrase_is_kept_as_argon2id_with_a_salt() -> None:
    first, second = (passphrases.hashed(GOOD, CHEAP) for _ in range(2))
    assert first.startswith("$argon2id$") and first != second and GOOD not in first
    assert passphrases.matches(first, GOOD, CHEAP)
    assert not passphrases.matches(first, GOOD + " ", CHEAP)
    assert not passphrases.matches(None, GOOD, CHEAP)
    assert not passphrases.matches("nonsense", GOOD, CHEAP)


def test_the_same_letters_typed_otherwise_are_the_same() -> None:
    stored = passphrases.hashed("zw\u00f6lf Boxk\u00e4mpfer", CHEAP)
    assert passphrases.matches(stored, "zwo\u0308lf Boxka\u0308mpfer", CHEAP)


def test_a_hash_of_other_parameters_is_outdated() -> None:
    stored = passphrases.hashed(GOOD, CHEAP)
    assert not passphrases.outdated(stored, CHEAP)
    assert passphrases.outdated(stored, Costs(memory_mib=2, passes=1))
    assert passphrases.matches(stored, GOOD, Costs(memory_mib=2, passes=1))


def test_a_one_time_passphrase_is_good_and_random() -> None:
    given = {passphrases.one_time() for _ in range(20)}
    assert len(given) == 20
    for one in given:
        passphrases.check(one, "Anna")


def test_waits_grow_to_an_end() -> None:
    waits = [throttle.pause(x).total_seconds() for x in range(30)]
    assert waits[: throttle.FREE] == [0.0] * throttle.FREE
    assert waits[throttle.FREE : throttle.FREE + 3] == [5.0, 10.0, 20.0]
    assert max(waits) == timedelta(minutes=5).total_seconds()
    assert waits == sorted(waits)


def test_counters_say_nothing_of_a_name() -> None:
    found = {throttle.bucket(f"name {x}", b"key") for x in range(2000)}
    assert len(found) > 1000 and max(found) < throttle.BUCKETS
    assert throttle.bucket("Anna", b"key") == throttle.bucket("anna", b"key")
    assert any(throttle.bucket(x, b"key") != throttle.bucket(x, b"other") for x in ("a", "b", "c"))


def test_tokens_are_long_and_only_their_digest_is_kept() -> None:
    token = tokens.new()
    assert len(token) >= 43 and tokens.new() != token
    assert len(tokens.digest(token)) == 64 and token not in tokens.digest(token)
