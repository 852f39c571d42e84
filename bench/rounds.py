"""Rounds in which the operator and the bare client take turns, so that both meet the same noise.

Who begins alternates from round to round and, within a round, from rollout to refresh.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from bench.measured import Run
from bench.rivals import BareRival, OperatorRival
from bench.site import Site
from bench.template import Template
from ecr_secrets.core.objects import ObjectKey

_CREDENTIAL = "measured"  # the operator's; also the name of its pull secrets
_BARE = "bare"
_PATTERN = "pattern"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """What the bare client copies, and what it took the operator to make it."""

    contents: tuple[Template, Template]  # before and after a refresh
    runs: tuple[Run, Run]


async def take_pattern(site: Site) -> Pattern:
    """Have the operator write one pull secret twice.

    It stays, since the object that owns it is the owner of the bare client's Secrets too.
    """
    await site.cluster.make_namespaces([_PATTERN])
    await site.calm()
    async with site.operator() as operator:
        rival = OperatorRival(site=site, operator=operator, name=_PATTERN, namespaces=(_PATTERN,))
        key = ObjectKey(_PATTERN, _PATTERN)
        rollout = await rival.roll_out()
        before = Template(await site.cluster.secret(key))
        refresh = await rival.refresh()
        after = Template(await site.cluster.secret(key))
    return Pattern(contents=(before, after), runs=(rollout, refresh))


async def play(
    site: Site, namespaces: Sequence[str], pattern: Pattern, *, rounds: int
) -> AsyncIterator[Run]:
    """Yield the four runs of each round. What the last one made stays in the cluster."""
    names = tuple(namespaces)
    bare = BareRival(site=site, name=_BARE, namespaces=names, contents=pattern.contents)
    for number in range(rounds):
        await _clear(site)
        async with site.operator() as operator:
            ours = OperatorRival(site=site, operator=operator, name=_CREDENTIAL, namespaces=names)
            first, second = (ours, bare) if number % 2 == 0 else (bare, ours)
            for act in (first.roll_out, second.roll_out, second.refresh, first.refresh):
                await site.calm()
                yield await act()


async def _clear(site: Site) -> None:
    """Remove what a round made."""
    for name in (_CREDENTIAL, _BARE):
        await site.cluster.remove(name)
