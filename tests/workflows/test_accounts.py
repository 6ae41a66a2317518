"""Signing in and out, the first owner, passphrases, people: what is refused, and what is told."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from secondlook.accounts import passphrases, throttle, tokens
from secondlook.accounts.actor import ANY, Actor, Role, local
from secondlook.accounts.passphrases import Costs
from secondlook.errors import Conflict, NotAllowed, NotSignedIn, PluginError, SignedOut, UsageError
from secondlook.store import clock
from secondlook_workflows.accounts import (
    costs,
    passphrase,
    people,
    provided,
    refused,
    set_up,
    sign_in,
    stay,
)
from secondlook_workflows.cli.app import build
from secondlook_workflows.context import Context

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TERMINAL = local("terminal")
FIRST, SECOND = "seven plates on a tray", "eight bores in a plate"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost nothing. The settings do not allow that."""
    monkeypatch.setattr(costs, "of", lambda _: Costs(memory_mib=1, passes=1))


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A clock that stands at noon until it is moved."""
    now = [NOON]
    monkeypatch.setattr(clock, "now", lambda: now[0])

    def moved(**span: float) -> None:
        now[0] += timedelta(**span)

    return moved


def owner(context: Context, name: str = "Olga") -> Actor:
    """The first owner, signed in."""
    begun = set_up.run(set_up.link(context), name, FIRST, context)
    return actor(begun.token, context)


def actor(token: str, context: Context) -> Actor:
    found = standing(token, context)
    assert found is not None
    return found.actor


def standing(token: str, context: Context) -> Any:
    with context.workspace.database.read() as unit:
        return unit.sessions.find(tokens.digest(token))


def told(context: Context) -> list[tuple[str, str, dict[str, Any]]]:
    with context.workspace.database.read() as unit:
        assert unit.audit.verify().problems == ()
        return [(x.action, x.actor, dict(x.body)) for x in unit.audit.events("accounts")]


def everything(context: Context) -> str:
    """All that the database holds."""
    with context.workspace.database.engine.connect() as connection:
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
        rows = [
            str(row)
            for (name,) in names.all()
            for row in connection.execute(text(f'SELECT * FROM "{name}"'))  # noqa: S608 - our own
        ]
    return "\n".join(rows)


def test_the_first_owner_comes_in_by_a_link_once(context: Context) -> None:
    assert set_up.wanted(context)
    link = set_up.link(context)
    for name, chosen, error in (
        ("Olga", "short", UsageError),
        ("Olga", "password1234", UsageError),
        (" Olga", FIRST, Exception),
    ):
        with pytest.raises(error):
            set_up.run(link, name, chosen, context)
    assert set_up.is_good(link, context), "a wrong passphrase does not use it up"
    begun = set_up.run(link, "Olga", FIRST, context)
    assert actor(begun.token, context).grants == {ANY: Role.OWNER}
    assert not set_up.wanted(context)
    for again in (link, set_up.link(context)):
        with pytest.raises(NotSignedIn, match="used already"):
            set_up.run(again, "Eve", SECOND, context)


def test_somebody_who_decided_before_may_become_the_owner(context: Context) -> None:
    with context.workspace.database.write() as unit:
        unit.users.ensure("Olga")
        unit.commit()
    begun = set_up.run(set_up.link(context), "olga", FIRST, context)
    assert begun.user == "Olga"
    assert sign_in.with_passphrase("olga", FIRST, context).user == "Olga"


def test_a_wrong_name_and_a_wrong_passphrase_are_told_alike(context: Context) -> None:
    owner(context)
    people.add("Dora", Role.VIEWER, TERMINAL, context)
    people.disable("Dora", TERMINAL, context)
    with context.workspace.database.write() as unit:
        unit.users.ensure("Old")
        unit.commit()
    said = set()
    for name in ("Olga", "nobody", "Dora", "Old", ""):
        with pytest.raises(NotSignedIn) as refusal:
            sign_in.with_passphrase(name, SECOND, context)
        said.add(str(refusal.value))
    assert said == {sign_in.WRONG}
    assert sign_in.with_passphrase(" OLGA ", FIRST, context).user == "Olga"


def test_a_name_without_an_account_costs_a_hash_too(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner(context)
    asked: list[str | None] = []
    matches = passphrases.matches

    def noted(stored: str | None, given: str, wanted: Costs) -> bool:
        asked.append(stored)
        return matches(stored, given, wanted)

    monkeypatch.setattr(passphrases, "matches", noted)
    for name in ("Olga", "nobody"):
        with pytest.raises(NotSignedIn):
            sign_in.with_passphrase(name, SECOND, context)
    assert len(asked) == 2 and asked[1] is None


def test_what_nobody_is_called_is_written_nowhere(context: Context) -> None:
    """Somebody may have typed their passphrase into the field of the name."""
    owner(context)
    with pytest.raises(NotSignedIn):
        sign_in.with_passphrase("my secret passphrase", "x", context)
    with pytest.raises(NotSignedIn):
        sign_in.with_passphrase("Olga", "my other passphrase", context)
    kept = everything(context)
    assert "my secret" not in kept and "my other" not in kept and FIRST not in kept
    assert told(context)[-1] == ("user.refused", "Olga", {"why": "wrong passphrase"})


def test_many_wrong_ones_make_wait_and_a_right_one_forgives(
    context: Context, later: Callable[..., None]
) -> None:
    owner(context)
    for name in ("Olga", "nobody"):
        for _ in range(throttle.FREE):
            with pytest.raises(NotSignedIn, match="not right"):
                sign_in.with_passphrase(name, SECOND, context)
        with pytest.raises(NotSignedIn, match="Wait 5 seconds") as refusal:
            sign_in.with_passphrase(name, FIRST, context)
        assert refusal.value.wait == 5
    later(seconds=5)
    assert sign_in.with_passphrase("Olga", FIRST, context).user == "Olga"
    with pytest.raises(NotSignedIn, match="not right"):
        sign_in.with_passphrase("Olga", SECOND, context)


def test_tries_at_once_are_counted_one_by_one(context: Context) -> None:
    owner(context)

    def attempt(_: int) -> bool:
        try:
            sign_in.with_passphrase("Olga", SECOND, context)
        except NotSignedIn as error:
            return error.wait == 0
        return True

    with ThreadPoolExecutor(8) as pool:
        looked_at = sum(pool.map(attempt, range(24)))
    assert looked_at == throttle.FREE


def test_a_passphrase_is_hashed_anew_when_it_shall_cost_more(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner(context)

    def stored() -> str | None:
        with context.workspace.database.read() as unit:
            return unit.sign_ins.passphrase("Olga")

    before = stored()
    sign_in.with_passphrase("Olga", FIRST, context)
    assert stored() == before
    monkeypatch.setattr(costs, "of", lambda _: Costs(memory_mib=2, passes=1))
    with pytest.raises(NotSignedIn):
        sign_in.with_passphrase("Olga", SECOND, context)
    assert stored() == before
    sign_in.with_passphrase("Olga", FIRST, context)
    after = stored()
    assert after != before and after is not None and "m=2048" in after
    assert sign_in.with_passphrase("Olga", FIRST, context)


def test_a_one_time_passphrase_is_for_being_changed(
    context: Context, later: Callable[..., None]
) -> None:
    added = people.add("Rita", Role.REVIEWER, TERMINAL, context)
    begun = sign_in.with_passphrase("Rita", added.passphrase, context)
    assert begun.must_change
    found = standing(begun.token, context)
    assert found.must_change and found.actor.grants == {}
    with pytest.raises(UsageError, match="another one"):
        passphrase.change(found.actor, added.passphrase, added.passphrase, context)
    changed = passphrase.change(found.actor, added.passphrase, FIRST, context)
    assert standing(begun.token, context) is None, "no session outlives it"
    assert actor(changed.token, context).grants == {ANY: Role.REVIEWER}
    with pytest.raises(NotSignedIn, match="not right"):
        sign_in.with_passphrase("Rita", added.passphrase, context)
    again = people.give_passphrase("Rita", TERMINAL, context)
    assert standing(changed.token, context) is None, "signed out everywhere"
    later(days=7)
    with pytest.raises(NotSignedIn, match="is over"):
        sign_in.with_passphrase("Rita", again.passphrase, context)


def test_changing_takes_the_present_one_and_a_session(context: Context) -> None:
    me = owner(context)
    with pytest.raises(NotSignedIn, match="present passphrase"):
        passphrase.change(me, SECOND, "nine screws in a box", context)
    other = sign_in.with_passphrase("Olga", FIRST, context)
    with pytest.raises(UsageError, match="at least"):
        passphrase.change(me, FIRST, "short", context)
    assert me.session is not None
    sign_in.out(me.session, context)
    with pytest.raises(SignedOut):
        passphrase.change(me, FIRST, SECOND, context)
    assert standing(other.token, context) is not None
    passphrase.change(actor(other.token, context), FIRST, SECOND, context)
    assert standing(other.token, context) is None


def test_every_session_has_a_token_of_its_own(context: Context) -> None:
    owner(context)
    found = {sign_in.with_passphrase("Olga", FIRST, context).token for _ in range(3)}
    assert len(found) == 3


def test_a_link_of_the_demo_signs_in_once(context: Context) -> None:
    link = set_up.link_for("demo", context)
    assert actor(sign_in.with_link(link, context).token, context).grants == {ANY: Role.LEAD}
    for bad in (link, "", "x", set_up.link(context)):
        with pytest.raises(NotSignedIn, match="used already"):
            sign_in.with_link(bad, context)
    assert set_up.wanted(context), "the person of the demo owns nothing"
    with pytest.raises(NotSignedIn, match="not right"):
        sign_in.with_passphrase("demo", "", context)


def test_only_an_owner_changes_people(context: Context) -> None:
    owner(context)
    added = people.add("Lea", Role.LEAD, TERMINAL, context)
    begun = sign_in.with_passphrase("Lea", added.passphrase, context)
    lea = actor(
        passphrase.change(
            standing(begun.token, context).actor, added.passphrase, FIRST, context
        ).token,
        context,
    )
    before = everything(context)
    for act in (
        lambda: people.everybody(lea, context),
        lambda: people.add("Eve", Role.OWNER, lea, context),
        lambda: people.set_role("Lea", Role.OWNER, lea, context),
        lambda: people.disable("Olga", lea, context),
        lambda: people.enable("Olga", lea, context),
        lambda: people.give_passphrase("Olga", lea, context),
        lambda: people.sign_out("Olga", lea, context),
        lambda: people.identify("Olga", "https://x", "1", lea, context),
    ):
        with pytest.raises(NotAllowed, match="change users"):
            act()
    assert everything(context) == before
    assert people.sign_out("Lea", lea, context) == 1, "oneself"


def test_a_role_in_a_domain_that_is_not_there(context: Context) -> None:
    with pytest.raises(PluginError, match="defect-inspector"):
        people.add("Ann", Role.VIEWER, TERMINAL, context, domain="nowhere")


def test_a_refusal_is_told(context: Context) -> None:
    me = owner(context)
    refused.run(me, NotAllowed("x", permission="change users", domain="*"), context)
    assert told(context)[-1] == (
        "role.refused",
        "Olga",
        {"permission": "change users", "domain": "*"},
    )


def test_what_is_done_keeps_a_session_and_is_seldom_written(
    context: Context, later: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = sign_in.with_link(set_up.link_for("demo", context), context).token
    found = standing(token, context)
    later(seconds=5)
    stay.run(found, context)
    assert standing(token, context).idle_at == found.idle_at
    later(minutes=14)
    stay.run(standing(token, context), context)
    assert standing(token, context).idle_at == clock.now() + timedelta(minutes=15)


# Identity providers

CLAIMS = {"iss": "https://id.example", "sub": "42", "preferred_username": "Paul"}


def claims(**more: Any) -> dict[str, Any]:
    return {**CLAIMS, "iat": clock.now().timestamp(), **more}


def with_roles(context: Context, **roles: str) -> Context:
    """The context with groups that give roles."""
    workspace = context.workspace
    chosen = workspace.settings.provider.model_copy(update={"roles": roles})
    settings = workspace.settings.model_copy(update={"provider": chosen})
    return replace(context, workspace=replace(workspace, settings=settings))


def test_a_group_makes_an_account_and_sets_its_roles_anew(context: Context) -> None:
    here = with_roles(context, readers="reviewer@radiology-assistant", leads="lead")
    begun = provided.run(claims(groups=["readers"]), "answer 1", here)
    assert begun.user == "Paul"
    assert actor(begun.token, here).grants == {"radiology-assistant": Role.REVIEWER}
    begun = provided.run(claims(groups=["leads"]), "answer 2", here)
    assert actor(begun.token, here).grants == {ANY: Role.LEAD}
    begun = provided.run(claims(groups=[]), "answer 3", here)
    assert actor(begun.token, here).grants == {}


def test_an_answer_is_good_once_and_soon(context: Context, later: Callable[..., None]) -> None:
    here = with_roles(context, leads="lead")
    fresh = claims(groups=["leads"])
    provided.run(fresh, "answer", here)
    with pytest.raises(NotSignedIn, match="used already"):
        provided.run(fresh, "answer", here)
    later(minutes=11)
    for stale in (fresh, {**fresh, "iat": "soon"}, {"groups": ["leads"]}):
        with pytest.raises(NotSignedIn, match="too late"):
            provided.run(stale, f"another {stale}", here)


def test_nobody_unknown_comes_in(context: Context) -> None:
    owner(context, "Paul")
    for here, said in (
        (context, {}),  # no groups are set
        (with_roles(context, leads="lead"), {"groups": ["others"]}),
        (with_roles(context, leads="lead"), {"groups": ["leads"]}),  # the name is somebody's
    ):
        with pytest.raises(NotSignedIn, match="secondlook users identity NAME https://id.example"):
            provided.run(claims(**said), f"answer {said}{here is context}", here)


def test_an_owner_lets_an_identity_in(context: Context) -> None:
    me = owner(context)
    people.identify("Olga", "https://id.example", "42", me, context)
    begun = provided.run(claims(), "answer", context)
    assert actor(begun.token, context).grants == {ANY: Role.OWNER}
    people.add("Rita", Role.VIEWER, me, context)
    with pytest.raises(Conflict, match="somebody else"):
        people.identify("Rita", "https://id.example", "42", me, context)


def test_the_last_owner_stays_whatever_a_group_says(context: Context) -> None:
    me = owner(context)
    people.identify("Olga", "https://id.example", "42", me, context)
    here = with_roles(context, readers="viewer")
    begun = provided.run(claims(groups=["readers"]), "answer", here)
    assert actor(begun.token, here).grants == {ANY: Role.OWNER}


def test_a_disabled_person_does_not_come_in_by_a_provider(context: Context) -> None:
    here = with_roles(context, leads="lead")
    provided.run(claims(groups=["leads"]), "answer 1", here)
    people.disable("Paul", TERMINAL, here)
    with pytest.raises(NotSignedIn, match="Nobody here"):
        provided.run(claims(groups=["leads"]), "answer 2", here)


# The command line


def call(*words: str, status: int = 0) -> Any:
    done = CliRunner().invoke(build(), ["users", *words, "--json"])
    assert done.exit_code == status, done.output
    return json.loads(done.stdout) if status == 0 else done.stderr


def test_the_commands_do_it_all(context: Context) -> None:
    added = call("add", "Rita", "--role", "reviewer", "--domain", "defect-inspector")
    assert added["name"] == "Rita"
    assert sign_in.with_passphrase("Rita", added["passphrase"], context).must_change
    call("role", "Rita", "lead")
    [rita] = call("list")
    assert rita["roles"] == {"*": "lead", "defect-inspector": "reviewer"}
    assert (rita["state"], rita["sessions"]) == ("one-time passphrase", 1)
    call("role", "Rita", "none", "--domain", "defect-inspector")
    assert call("sign-out", "Rita")["ended"] == 1
    call("disable", "Rita")
    assert call("list")[0]["state"] == "disabled"
    call("enable", "Rita")
    assert call("passphrase", "Rita")["passphrase"] != added["passphrase"]
    call("identity", "Rita", "https://id.example", "7")
    assert {x[0] for x in told(context)} >= {
        "user.added",
        "user.role",
        "user.disabled",
        "user.enabled",
        "user.passphrase",
        "user.signed-out",
        "user.identity",
    }


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (("add", "Rita", "--role", "boss"), 2, "there is no role 'boss'"),
        (("role", "Nobody", "lead"), 2, "There is no user"),
        (("disable", "Nobody"), 2, "There is no user"),
        (("passphrase", "Nobody"), 2, "There is no user"),
        (("sign-out", "Nobody"), 2, "There is no user"),
        (("disable", "Olga"), 1, "last owner"),
        (("role", "Olga", "viewer"), 1, "last owner"),
        (("role", "Olga", "none"), 1, "last owner"),
        (("add", "olga", "--role", "lead"), 1, "already"),
    ],
)
def test_what_a_command_refuses(
    context: Context, words: tuple[str, ...], status: int, why: str
) -> None:
    owner(context)
    before = everything(context)
    assert why in " ".join(call(*words, status=status).split())
    assert everything(context) == before
