"""Bad lines between the parts: partitions, delay and resets, clients that hang up (F11, F12, F19)."""

import asyncio
import contextlib
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator

from deploy.dev.kafka.broker import Broker
from faults.fault import Fault, Scene
from faults.ledger import Told
from faults.proxy import Link, through
from faults.rig import Rig
from libs.common.ports import free_port

NAMESPACE = f"yg-faults-{os.getpid()}"
HERE, THERE = "10.213.77.1", "10.213.77.2"
NOBODY = "02:00:00:00:00:01"
IDLE_SECONDS = 10
NOTICED_SECONDS = 15.0
WAYS = {(True, True): "cut off", (True, False): "unheard", (False, True): "deaf"}


def _url(host: str, port: int) -> str:
    return f"postgresql://postgres@{host}:{port}/yangguang_{{service}}"


async def slow_and_lossy(scene: Scene) -> None:
    """F12: one API and one worker reach their databases over 200 ms, and one packet in a hundred breaks the line."""
    async with through(Link(scene.rig.socket, delay=0.1, reset_share=0.01)) as link:
        bad = (scene.rig["api-1"], scene.rig["worker-1"])
        for process in bad:
            await process.stop()
            await process.start(DATABASE_URL=_url("127.0.0.1", link.port))
        await scene.under_load(scene.size.either(5, 45))
        for process in bad:
            await process.stop()
            await process.start()
    scene.seen.append(f"{link.cuts} connections broken")


async def hang_up(scene: Scene) -> None:
    """F19: every client connection ends after a random number of bytes, in requests and in answers."""
    await scene.under_load()
    async with scene.rig.connect() as connection:
        left = await connection.fetchval(
            "select count(*) from pg_stat_activity where state = 'idle in transaction'"
            f" and clock_timestamp() - state_change > interval '{IDLE_SECONDS} seconds'"
        )
    scene.insist(left == 0, f"{left} transactions stay open")

    def judge(told: Told) -> None:
        scene.insist(told.count("unknown", 0) > 0, "no connection was cut")

    scene.after.append(judge)


@contextlib.asynccontextmanager
async def cutting(rig: Rig) -> AsyncIterator[list[str]]:
    """Addresses of the APIs behind proxies that cut."""
    async with contextlib.AsyncExitStack() as stack:
        links = [await stack.enter_async_context(through(Link(process.port, cut_after=12_000))) for process in rig.apis]
        yield [f"http://127.0.0.1:{link.port}" for link in links]


async def partition(scene: Scene) -> None:
    """F11: an API and a worker in a network of their own lose the databases: both ways, then one way, then the other.

    Packets are sent to a link-layer address that nobody has, so they vanish without a word, as behind a dead switch.
    """
    with _network():
        async with through(Link(scene.rig.socket, host=HERE)) as link:
            far = (scene.rig["api-1"], scene.rig["worker-1"])
            for process in far:
                await process.stop()
                process.prefix, process.host = ("ip", "netns", "exec", NAMESPACE), THERE
                await process.start(DATABASE_URL=_url(HERE, link.port), HOST=THERE)
            await scene.under_load(1)
            for ways in WAYS:
                _blackhole(*ways)
                await scene.under_load(scene.size.either(5, 30))
                _heal()
                await scene.under_load(1)
            for process in far:
                await process.stop()
                process.prefix, process.host = (), "127.0.0.1"
                await process.start()


async def partition_from_broker(scene: Scene) -> None:
    """F11 on Kafka: the worker that sends loses the broker, while it keeps its databases; the other one takes over."""
    broker, far, near = scene.rig.broker, scene.rig["worker-1"], scene.rig["worker-2"]
    assert broker is not None
    with _network():
        try:
            await _listen_also(broker, f"{HERE}:{free_port()}")
            await far.stop()
            far.prefix, far.host = ("ip", "netns", "exec", NAMESPACE), THERE
            await far.start(KAFKA_BOOTSTRAP_SERVERS=str(broker.also), HOST=THERE)
            for ways in WAYS:
                await near.stop()
                await scene.under_load(2)  # the far one takes over what the near one led
                await near.start()
                broken = time.time()
                _blackhole(*ways)
                await scene.under_load(scene.size.either(8, 30))
                silent = await scene.observer.silence("catalog", broken, time.time())
                scene.insist(silent <= NOTICED_SECONDS, f"the other worker took over only after {silent:.1f} s")
                scene.seen.append(f"{WAYS[ways]}: longest silence of a listener {silent:.1f} s")
                _heal()
                await scene.under_load(1)
            await far.stop()
            far.prefix, far.host = (), "127.0.0.1"
            await far.start()
        finally:
            await _listen_also(broker, None)


async def _listen_also(broker: Broker, address: str | None) -> None:
    await asyncio.to_thread(broker.stop)
    broker.also = address
    await asyncio.to_thread(broker.start)


@contextlib.contextmanager
def _network() -> Iterator[None]:
    """A network namespace joined to ours by a pair of virtual Ethernet devices."""
    steps = (
        f"netns add {NAMESPACE}",
        f"link add ygf0 type veth peer name ygf1 netns {NAMESPACE}",
        f"addr add {HERE}/30 dev ygf0",
        "link set ygf0 up",
        f"-n {NAMESPACE} addr add {THERE}/30 dev ygf1",
        f"-n {NAMESPACE} link set ygf1 up",
        f"-n {NAMESPACE} link set lo up",
    )
    try:
        for step in steps:
            _ip(step)
        yield
    finally:
        for step in (f"netns del {NAMESPACE}", "link del ygf0"):
            subprocess.run(["ip", *step.split()], check=False, capture_output=True)


def _blackhole(out: bool, back: bool) -> None:
    if out:
        _ip(f"-n {NAMESPACE} neigh replace {HERE} lladdr {NOBODY} nud permanent dev ygf1")
    if back:
        _ip(f"neigh replace {THERE} lladdr {NOBODY} nud permanent dev ygf0")


def _heal() -> None:
    for where, address, device in ((f"-n {NAMESPACE} ", HERE, "ygf1"), ("", THERE, "ygf0")):
        subprocess.run(["ip", *f"{where}neigh del {address} dev {device}".split()], check=False, capture_output=True)


def _ip(arguments: str) -> None:
    subprocess.run(["ip", *arguments.split()], check=True, capture_output=True)


def no_network() -> str | None:
    """Why no network namespace can be had here, or None."""
    try:
        with _network():
            return None
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", b"") or str(error).encode()
        return f"a network namespace cannot be made here: {said.decode().strip()}"


FAULTS = (
    Fault(
        "F11",
        "partition between API, worker and the databases, also one-way",
        partition,
        20,
        ("journal",),
        no_network,
        short=(),
    ),
    Fault(
        "F11",
        "partition of the sending worker from the broker, also one-way",
        partition_from_broker,
        buses=("kafka",),
        possible=no_network,
        short=(),
    ),
    Fault("F12", "slow and lossy line to the databases: 200 ms, resets", slow_and_lossy, 10, short=("journal",)),
    Fault("F19", "clients hang up at a random byte", hang_up, 5, around=cutting, short=("journal",)),
)
