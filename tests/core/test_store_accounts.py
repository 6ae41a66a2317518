"""People, roles, sessions and ways in, in the store."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from database_fixtures import AUDIT_KEY
from secondlook.accounts import throttle, tokens
from secondlook.accounts.actor import ANY, Actor, Permission, Role, local
from secondlook.accounts.require import require
from secondlook.errors import Conflict, NotAllowed, NotFound, SignedOut, StoreError
from secondlook.store import clock
from secondlook.store.account_tables import How
from secondlook.store.database import Database
from secondlook.store.unit_of_work import UnitOfWork
from secondlook.store.worklist import WorklistFilter
from store_values import add_case, behind_the_triggers

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENDS = {"idle": timedelta(minutes=15), "absolute": timedelta(hours=12)}
Later = Callable[..., None]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """A clock that stands at noon until it is moved."""
    now = [NOON]
    monkeypatch.setattr(clock, "now", lambda: now[0])

    def moved(**span: float) -> None:
        now[0] += timedelta(**span)

    return moved


def write(database: Database, act: Callable[[UnitOfWork], Any]) -> Any:
    with database.write() as unit:
        made = act(unit)
        unit.commit()
    return made


def add(database: Database, name: str, role: Role = Role.REVIEWER, domain: str = ANY) -> None:
    def act(unit: UnitOfWork) -> None:
        unit.users.add(name, by="test")
        unit.users.grant(name, role, domain=domain, by="test")
        unit.sign_ins.keep_passphrase(name, "hash", by="test")

    write(database, act)


def begin(database: Database, name: str) -> str:
    """The digest of a new session."""
    return tokens.digest(write(database, lambda x: x.sessions.begin(name, How.LINK, **ENDS)))


def stands(database: Database, digest: str) -> bool:
    with database.read() as unit:
        return unit.sessions.find(digest) is not None


def actions(database: Database) -> list[tuple[str, str, dict[str, Any]]]:
    with database.read() as unit:
        assert unit.audit.verify().problems == ()
        return [(x.action, x.actor, dict(x.body)) for x in unit.audit.events("accounts")]


def test_a_name_is_kept_once_and_has_no_role(database: Database) -> None:
    write(database, lambda x: (x.users.ensure("ann"), x.users.ensure("ann"), x.users.ensure("Bob")))
    with database.write() as unit:
        assert [(x.name, x.grants, x.passphrase) for x in unit.users.all()] == [
            ("Bob", {}, False),
            ("ann", {}, False),
        ]
        with pytest.raises(StoreError):
            unit.users.ensure(" ")


@pytest.mark.parametrize("name", ["ANN", "ann", "\uff41nn"])
def test_one_name_is_one_person_however_it_is_written(database: Database, name: str) -> None:
    add(database, "ann")
    with database.read() as unit:
        found = unit.users.called(f" {name} ")
    assert found is not None and found.name == "ann"
    with pytest.raises(Conflict, match="already"), database.write() as unit:
        unit.users.add(name, by="test")


@pytest.mark.parametrize("name", ["", " ann", "a\nb", "x" * 81])
def test_a_name_that_is_none_is_refused(database: Database, name: str) -> None:
    with pytest.raises(StoreError), database.write() as unit:
        unit.users.add(name, by="test")


def test_roles_are_given_by_domain_or_for_all(database: Database) -> None:
    add(database, "ann", Role.VIEWER)
    write(database, lambda x: x.users.grant("ann", Role.LEAD, domain="parts", by="test"))
    digest = begin(database, "ann")
    with database.read() as unit:
        found = unit.sessions.find(digest)
    assert found is not None
    assert found.actor.may(Permission.ADJUDICATE, "parts")
    assert not found.actor.may(Permission.DECIDE, "exams")
    assert found.actor.may(Permission.SEE, "exams")
    assert not found.actor.may(Permission.AUDIT), "for all domains, not for one of them"
    write(database, lambda x: x.users.revoke("ann", domain="parts", by="test"))
    with database.read() as unit, pytest.raises(NotAllowed, match="adjudicate|settle"):
        require(unit, found.actor, Permission.ADJUDICATE, "parts")
    with pytest.raises(NotFound), database.write() as unit:
        unit.users.revoke("ann", domain="parts", by="test")


def test_the_last_owner_who_can_sign_in_stays(database: Database) -> None:
    add(database, "ann", Role.OWNER)
    write(database, lambda x: (x.users.ensure("old"), x.users.grant("old", Role.OWNER, by="test")))
    for act in (
        lambda x: x.users.grant("ann", Role.LEAD, by="test"),
        lambda x: x.users.revoke("ann", by="test"),
        lambda x: x.users.disable("ann", by="test"),
    ):
        with pytest.raises(Conflict, match="last owner"):
            write(database, act)
    add(database, "bob", Role.OWNER)
    write(database, lambda x: x.users.disable("ann", by="bob"))
    with pytest.raises(Conflict, match="last owner"):
        write(database, lambda x: x.users.disable("bob", by="bob"))
    with database.read() as unit:
        assert unit.users.owners() == ("bob",)


def test_a_session_ends_when_nothing_is_done(database: Database, later: Later) -> None:
    add(database, "ann")
    digest = begin(database, "ann")
    later(minutes=14)
    assert stands(database, digest)
    write(database, lambda x: x.sessions.touch(digest, ENDS["idle"]))
    later(minutes=14)
    assert stands(database, digest)
    later(minutes=1)
    assert not stands(database, digest)
    write(database, lambda x: x.sessions.touch(digest, ENDS["idle"]))
    assert not stands(database, digest), "over is over"


def test_a_session_ends_in_any_case(database: Database, later: Later) -> None:
    add(database, "ann")
    digest = begin(database, "ann")
    for _ in range(12 * 6):
        assert stands(database, digest)
        later(minutes=10)
        write(database, lambda x: x.sessions.touch(digest, ENDS["idle"]))
    assert not stands(database, digest)


def test_what_was_typed_outlives_idleness_and_nothing_else(
    database: Database, later: Later
) -> None:
    add(database, "ann")
    digest, other = begin(database, "ann"), begin(database, "ann")
    later(minutes=20)

    def drafting(digest: str) -> bool:
        with database.read() as unit:
            return unit.sessions.drafting(digest) is not None

    assert drafting(digest)
    write(database, lambda x: x.sessions.end(digest))
    assert not drafting(digest)
    later(hours=12)
    assert not drafting(other)


def test_signing_out_everywhere_and_being_disabled_end_sessions(database: Database) -> None:
    add(database, "ann")
    add(database, "bob")
    first, second, bobs = (begin(database, x) for x in ("ann", "ann", "bob"))
    assert write(database, lambda x: x.sessions.end_all("ann", by="ann", but=second)) == 1
    assert (stands(database, first), stands(database, second)) == (False, True)
    write(database, lambda x: x.users.disable("ann", by="test"))
    assert (stands(database, second), stands(database, bobs)) == (False, True)
    write(database, lambda x: x.users.enable("ann", by="test"))
    assert not stands(database, second)


def test_a_token_is_nowhere_in_the_database(database: Database) -> None:
    add(database, "ann")
    token = write(database, lambda x: x.sessions.begin("ann", How.LINK, **ENDS))
    link = write(database, lambda x: x.sign_ins.link("set-up", lasting=timedelta(hours=1)))
    with database.engine.connect() as connection:
        rows = [
            str(row)
            for table in ("sessions", "one_time", "audit_events")
            for row in connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608 - constants
        ]
    assert rows and not [x for x in rows if token in x or link in x]


def test_a_link_is_good_once_and_for_a_while(database: Database, later: Later) -> None:
    hour = timedelta(hours=1)
    first = write(database, lambda x: x.sign_ins.link("set-up", lasting=hour))
    second = write(database, lambda x: x.sign_ins.link("set-up", lasting=hour))
    use = lambda token: write(database, lambda x: x.sign_ins.use("set-up", token)[0])
    assert not use(first), "the newer one counts"
    with database.read() as unit:
        assert unit.sign_ins.opens("set-up", second)
        assert not unit.sign_ins.opens("sign-in", second)
    assert use(second) and not use(second)
    third = write(database, lambda x: x.sign_ins.link("set-up", lasting=hour))
    later(hours=1)
    assert not use(third)


def test_tries_are_counted_by_name_whether_it_exists_or_not(
    database: Database, later: Later
) -> None:
    add(database, "ann")
    try_ = lambda name: write(database, lambda x: x.sign_ins.wait(name))
    for name in ("ann", "nobody"):
        waits = [try_(name) for _ in range(throttle.FREE + 1)]
        assert waits == [None] * throttle.FREE + [timedelta(seconds=5)]
        later(seconds=5)
        assert try_(name) is None
        assert try_(name) == timedelta(seconds=10)
    write(database, lambda x: x.sign_ins.forgive("ann"))
    assert try_("ann") is None
    assert try_("nobody") is not None
    later(hours=2)
    assert try_("nobody") is None


def test_tries_are_counted_for_everybody_together(database: Database, later: Later) -> None:
    waits = [
        write(database, lambda x, name=f"n{i}": x.sign_ins.wait(name))
        for i in range(throttle.MOST + 1)
    ]
    assert waits[:-1] == [None] * throttle.MOST
    assert waits[-1] == throttle.WINDOW
    later(minutes=1, seconds=1)
    assert write(database, lambda x: x.sign_ins.wait("another")) is None


def test_what_is_required_is_read_again(database: Database) -> None:
    add(database, "ann", Role.LEAD)
    digest = begin(database, "ann")
    actor = Actor("ann", {ANY: Role.OWNER}, digest)
    with database.write() as unit:
        assert require(unit, actor, Permission.PROMOTE).grants == {ANY: Role.LEAD}
        with pytest.raises(NotAllowed) as refused:
            require(unit, actor, Permission.USERS)
    assert (refused.value.permission, refused.value.domain) == (Permission.USERS, ANY)
    write(database, lambda x: x.sessions.end(digest))
    with database.write() as unit, pytest.raises(SignedOut):
        require(unit, actor, Permission.SEE)
    with database.write() as unit:
        assert require(unit, local("terminal"), Permission.USERS).name == "terminal"


def test_a_watched_database_asks_in_every_transaction_that_writes(database: Database) -> None:
    add(database, "ann", Role.VIEWER)
    actor = Actor("ann", {}, begin(database, "ann"))
    watched = database.watched(lambda unit: _decide(unit, actor))
    with pytest.raises(NotAllowed), watched.write():
        pytest.fail("it was let in")
    with watched.read() as unit:
        assert unit.users.get("ann").grants
    write(database, lambda x: x.users.grant("ann", Role.REVIEWER, by="test"))
    write(watched, lambda x: x.users.ensure("cat"))


def _decide(unit: UnitOfWork, actor: Actor) -> None:
    require(unit, actor, Permission.DECIDE)


def test_no_role_is_enough_to_ask_whose_a_case_is(database: Database) -> None:
    add(database, "ann", Role.OWNER)
    digest = begin(database, "ann")
    with database.read() as unit:
        found = unit.sessions.find(digest)
        assert found is not None and not found.actor.may(Permission.REVEAL, "exams")
    write(database, lambda x: x.users.make_custodian("ann"))
    with database.read() as unit:
        found = unit.sessions.find(digest)
        assert found is not None and found.actor.may(Permission.REVEAL, "exams")


def test_everything_is_told_in_a_chain_of_its_own(database: Database) -> None:
    add(database, "ann", Role.OWNER)
    digest = begin(database, "ann")
    write(database, lambda x: x.sessions.end(digest))
    assert actions(database) == [
        ("accounts.opened", "secondlook", {}),
        ("user.added", "test", {"user": "ann"}),
        ("user.role", "test", {"user": "ann", "domain": "*", "role": "owner", "before": None}),
        ("user.passphrase", "test", {"user": "ann", "one_time": False}),
        ("user.signed-in", "ann", {"how": "link"}),
        ("user.signed-out", "ann", {}),
    ]
    with database.read() as unit:
        told = [x.action for x in unit.audit.events("workspace")]
    assert told.count("accounts.opened") == 1


@pytest.mark.parametrize(
    ("statements", "what"),
    [
        (
            ("UPDATE audit_events SET actor = 'eve' WHERE chain = 'accounts' AND seq = 2",),
            "changed",
        ),
        (("DELETE FROM audit_events WHERE chain = 'accounts' AND seq = 3",), "missing"),
        (("DELETE FROM audit_events WHERE chain = 'accounts'",), "events of the chain are missing"),
        (
            (
                "DELETE FROM audit_events WHERE chain = 'accounts'",
                "DELETE FROM audit_heads WHERE chain = 'accounts'",
            ),
            "the chain of accounts is gone",
        ),
    ],
)
def test_tampering_with_it_is_found(
    database: Database, statements: tuple[str, ...], what: str
) -> None:
    add(database, "ann")
    with behind_the_triggers(database) as connection:
        for statement in statements:
            connection.execute(text(statement))
    with database.read() as unit:
        problems = unit.audit.verify().problems
    assert {x.chain for x in problems} == {"accounts"}
    assert any(what in x.what for x in problems)


def test_another_database_gets_them_too(sqlite_database: Database, postgres_url: str) -> None:
    add(sqlite_database, "ann", Role.OWNER)
    sqlite_database.copy_to(postgres_url)
    target = Database.connect(postgres_url, audit_key=AUDIT_KEY)
    with target.read() as unit:
        assert unit.users.owners() == ("ann",)
        assert unit.audit.verify().problems == ()
    target.dispose()


def test_what_somebody_may_not_see_is_not_listed_to_them(database: Database) -> None:
    for name, domain in (("a", "parts"), ("b", "exams")):
        add_case(database, name, domain=domain)
    for domains, listed in ((None, 2), (frozenset({"exams"}), 1), (frozenset[str](), 0)):
        watched = database.watched(lambda unit: None, domains)
        with watched.read() as unit:
            page = unit.worklist.page(WorklistFilter())
            assert len(page.rows) == sum(unit.worklist.counts().by_status.values()) == listed
            assert len(unit.worklist.page(WorklistFilter(domain="parts")).rows) == (listed == 2)


def test_two_owners_who_disable_each_other_at_once_leave_one(database: Database) -> None:
    for name in ("ann", "bob"):
        add(database, name, Role.OWNER)
    digests = {name: begin(database, name) for name in ("ann", "bob")}

    def disable(by: str, whom: str) -> bool:
        actor = Actor(by, {ANY: Role.OWNER}, digests[by])
        try:
            with database.write() as unit:
                require(unit, actor, Permission.USERS)
                unit.users.disable(whom, by=by)
                unit.commit()
        except (StoreError, NotAllowed):
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(disable, ("ann", "bob"), ("bob", "ann")))
    assert done.count(True) == 1
    with database.read() as unit:
        assert len(unit.users.owners()) == 1


def test_a_role_is_not_lost_between_the_question_and_the_act(postgres_database: Database) -> None:
    """Whoever takes it away waits for the end of the act."""
    add(postgres_database, "ann", Role.LEAD)
    actor = Actor("ann", {}, begin(postgres_database, "ann"))
    order: list[str] = []

    def revoke() -> None:
        write(postgres_database, lambda x: x.users.revoke("ann", by="test"))
        order.append("revoked")

    with ThreadPoolExecutor(1) as pool, postgres_database.write() as unit:
        require(unit, actor, Permission.PROMOTE)
        waiting = pool.submit(revoke)
        time.sleep(0.5)
        order.append("done")
        unit.commit()
        waiting.result(10)
    assert order == ["done", "revoked"]


def test_an_owner_who_cannot_sign_in_yet_may_be_made_one_again(database: Database) -> None:
    write(database, lambda x: (x.users.ensure("new"), x.users.grant("new", Role.OWNER, by="test")))
    write(database, lambda x: x.users.grant("new", Role.OWNER, by="test"))
    with database.read() as unit:
        assert unit.users.get("new").grants == {ANY: Role.OWNER}
