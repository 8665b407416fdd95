"""Who may do what: one pure, deny-by-default decision over action, organisation subtree, region subtree and state.

Each service declares its `Grants` in `rules.py`. An action without a grant is denied to everybody.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from libs.common.errors import Forbidden, WrongState
from libs.common.regions import within


class Role(StrEnum):
    """The posts (岗位) that a token can name."""

    EDITOR = "editor"
    REVIEWER = "reviewer"
    VILLAGE_CLERK = "village_clerk"
    SUPERVISION_COMMITTEE = "supervision_committee"
    JOINT_MEETING = "joint_meeting"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    HARVESTER = "harvester"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is calling: identity from the token; `region` and `organisation` are the roots of what they work on.

    `organisation` None means every organisation of the region.
    """

    subject: str
    name: str
    roles: frozenset[Role]
    region: str
    organisation: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """The roles that may take an action, and the states that the thing may be in (None: any)."""

    roles: frozenset[Role]
    states: frozenset[str] | None = None


Grants = Mapping[str, Grant]


class Verdict(StrEnum):
    """The outcome of a permission question."""

    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"
    WRONG_STATE = "wrong_state"


def grant(*roles: Role, states: Collection[str] | None = None) -> Grant:
    """A grant to any of `roles` while the thing is in one of `states`."""
    return Grant(frozenset(roles), None if states is None else frozenset(states))


def decide(
    grants: Grants,
    actor: Actor,
    action: str,
    *,
    region: str,
    organisations: Collection[str],
    state: str | None,
) -> Verdict:
    """Whether `actor` may take `action` on a thing of `region` whose organisation path is `organisations`.

    `organisations` lists the thing's organisation and its ancestors; it is empty for things that belong to no
    organisation (a village notice), which an actor bound to an organisation may then touch by region alone.
    """
    given = grants.get(action)
    if given is None or not given.roles & actor.roles or not within(region, actor.region):
        return Verdict.FORBIDDEN
    if actor.organisation is not None and organisations and actor.organisation not in organisations:
        return Verdict.FORBIDDEN
    if given.states is not None and state not in given.states:
        return Verdict.WRONG_STATE
    return Verdict.ALLOWED


def permit(
    grants: Grants,
    actor: Actor,
    action: str,
    *,
    region: str,
    organisations: Collection[str] = (),
    state: str | None = None,
) -> None:
    """Insist on `decide`: raises Forbidden, or WrongState when only the state is in the way."""
    verdict = decide(grants, actor, action, region=region, organisations=organisations, state=state)
    if verdict is Verdict.FORBIDDEN:
        raise Forbidden(action=action)
    if verdict is Verdict.WRONG_STATE:
        raise WrongState(state=state, action=action)
