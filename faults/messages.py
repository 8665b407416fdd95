"""Bad messages: repeated, shuffled, dropped and sent again; poison (F16, F17)."""

import asyncio
import time

from faults.fault import Fault, Scene
from faults.ledger import Told
from faults.rig import Rig

LISTENERS = ("catalog", "village_affairs")
_POISON = """
create function faults.refuse() returns trigger language plpgsql as $$
begin
  if to_jsonb(new)::text like '%有毒%' then raise exception 'poison, for the fault suite'; end if;
  return new;
end $$;
create trigger poison before insert or update on {table} for each row execute function faults.refuse()
"""
_CURE = "drop trigger poison on {table}; drop function faults.refuse()"
_TABLE = {"catalog": "covering", "village_affairs": "listing_entry"}


async def noisy(scene: Scene) -> None:
    """F16: the workers' bus repeats every event, shuffles fifty, fails after reading, forgets, and goes back."""
    for worker in scene.rig.workers:
        await worker.stop()
        worker.arguments = ("faults.noisy",)
        await worker.start()
    await scene.under_load(scene.size.either(4, 45))
    for worker in scene.rig.workers:
        await worker.stop()
        worker.arguments = ("services", "worker")
        await worker.start()


async def poison(scene: Scene) -> None:
    """F17: two listeners cannot take what some documents say. Their keys are parked, everything else flows."""
    rig = scene.rig
    for service in LISTENERS:
        async with rig.connect(service) as connection:
            await connection.execute(_POISON.format(table=_TABLE[service]))
    await scene.under_load(scene.size.either(4, 45))
    parked = {service: await _parked(rig, service) for service in LISTENERS}
    scene.insist(all(parked.values()), f"parked: {parked}")
    lag = await scene.observer.converged(time.time(), 5)
    scene.insist(lag is not None, "the other keys waited for the poison")
    for service in LISTENERS:
        async with rig.connect(service) as connection:
            await connection.execute(_CURE.format(table=_TABLE[service]))
    scene.seen.append(f"parked keys: {', '.join(f'{n} in {service}' for service, n in parked.items())}; redriven")
    # What had been let in before the cure may still park: the load has stopped minding titles only with the triggers.
    for service in LISTENERS:
        for _ in range(20):
            await rig.operate("parked", "redrive", service)
            if not await _parked(rig, service):
                break
            await asyncio.sleep(0.2)

    def judge(told: Told) -> None:
        scene.insist(told.count("unknown") == 0, f"{told.count('unknown')} requests failed")

    scene.after.append(judge)


async def _parked(rig: Rig, service: str) -> int:
    async with rig.connect(service) as connection:
        return int(await connection.fetchval("select count(*) from parked"))


FAULTS = (
    Fault("F16", "every event twice, shuffled within fifty, dropped and sent again", noisy, 15),
    Fault("F17", "poison events: parked, then redriven", poison, 5, short=("journal",), poison_every=5),
)
