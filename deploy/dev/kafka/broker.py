"""Apache Kafka itself for development and tests: one broker in KRaft mode on 127.0.0.1, its data in one folder.

The jars come from Maven, once (pom.xml pins them); Java 17 or newer runs them. As a program, from the repository:

    python -m deploy.dev.kafka.broker start|stop|status|run [--port 9092]

`start` leaves a broker running in the background, `run` holds one until Ctrl-C; both keep its topics under
`DATA_DIR/kafka` (default `.data/kafka`). A program holds a `Broker`, which does not outlive it, even if it is killed.
"""

import argparse
import base64
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import psutil

from libs.common.ports import free_port

POM = Path(__file__).with_name("pom.xml")
CHECKOUT = POM.resolve().parents[3]
PORT = 9092  # of the program; a Broker picks a free port
OLDEST_JAVA = 17
START_SECONDS = 60.0
STOP_SECONDS = 20.0
FETCH_SECONDS = 600.0

# Half of a start is compiling and verifying: the quick compiler is enough here, and the jars are the ones pinned.
JAVA_OPTIONS = ["-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError"]
JAVA_OPTIONS += ["-XX:+UnlockDiagnosticVMOptions", "-XX:-BytecodeVerificationRemote"]
JAVA_OPTIONS += ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true"]

PROPERTIES = """\
# Written anew at every start; changes made here are lost.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners={listeners},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={listeners}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,ALSO:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs=data
auto.create.topics.enable=false
# One node keeps one copy.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# A first consumer starts at once.
group.initial.rebalance.delay.ms=0
"""


class KafkaUnavailable(RuntimeError):
    """There is no Java, no Maven or no download here; the message says which, in one sentence."""


class KafkaFailed(RuntimeError):
    """The broker did not start; the message ends with its own words."""


class Broker:
    """The broker whose data is in `folder`. Its calls block. It keeps its port from one start to the next.

    With `lasting` it goes on running when this program ends, until somebody stops it.
    """

    def __init__(self, folder: Path, port: int | None = None, *, lasting: bool = False) -> None:
        self._folder = folder.resolve()
        self._port = port or free_port()
        self._controller = free_port()
        self._lasting = lasting
        self.also: str | None = None
        """A second address, `host:port`, at which it listens from its next start on, for who cannot reach the first."""
        self._process: psutil.Process | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """Its address, for `KAFKA_BOOTSTRAP_SERVERS`."""
        return f"127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """Its process number. Raises KafkaFailed when it does not run."""
        if self._process is None:
            raise KafkaFailed("The broker is not running.")
        return self._process.pid

    @property
    def log(self) -> Path:
        """What it says; the log of the start before is kept beside it."""
        return self._folder / "broker.log"

    def start(self) -> None:
        """Start it, after a first fetch of the jars, and return when it answers. One left over here is replaced.

        Raises KafkaUnavailable and KafkaFailed.
        """
        java, jars = find_java(), fetch_jars()
        leftover = find_running(self._folder)
        if leftover:
            _end(leftover)
        self._folder.mkdir(parents=True, exist_ok=True)
        listeners = f"PLAINTEXT://{self.bootstrap}" + (f",ALSO://{self.also}" if self.also else "")
        settings = PROPERTIES.format(listeners=listeners, controller=self._controller)
        (self._folder / "broker.properties").write_text(settings)
        with contextlib.suppress(FileNotFoundError):
            self.log.replace(self.log.with_suffix(".log.1"))
        command = [str(java), *JAVA_OPTIONS, "-cp", str(jars / "*")]
        with self.log.open("ab") as out:
            if not (self._folder / "data" / "meta.properties").exists():
                self._format(command, out.fileno())
            main = [*command, "kafka.Kafka", "broker.properties"]
            self._process = psutil.Popen(main, cwd=self._folder, start_new_session=True, stdout=out, stderr=out)
        (self._folder / "broker.pid").write_text(str(self._process.pid))
        try:
            if not self._lasting:
                self._guard = _guard(self._process.pid)
            self._wait()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """End it cleanly, by force if need be. Harmless when it does not run."""
        self._leave(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL); what it had not written to the disk's cache is lost."""
        self._leave(signal.SIGKILL)

    def freeze(self) -> None:
        """Stop it from doing anything, its connections staying open (SIGSTOP). Returns when all of it stands."""
        pid = self.pid
        os.kill(pid, signal.SIGSTOP)
        # A thread on another core goes on for a moment, and may answer in it.
        while any(_runs(thread) for thread in Path(f"/proc/{pid}/task").glob("*/stat")):
            time.sleep(0.001)

    def thaw(self) -> None:
        """Let it go on (SIGCONT)."""
        os.kill(self.pid, signal.SIGCONT)

    def wipe(self) -> None:
        """Kill it and lose its data: the next start begins with no topic, under another cluster id."""
        self.kill()
        shutil.rmtree(self._folder / "data", ignore_errors=True)

    def _format(self, command: list[str], out: int) -> None:
        shutil.rmtree(self._folder / "data", ignore_errors=True)  # what an unfinished format left
        name = base64.urlsafe_b64encode(uuid.uuid4().bytes)[:22].decode()
        tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={name}", "--config", "broker.properties"]
        made = subprocess.run([*command, *tool], cwd=self._folder, stdout=out, stderr=out, check=False)
        if made.returncode:
            raise KafkaFailed(f"Kafka could not prepare {self._folder}:\n{self._words()}")

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not answers(self._port):
            if self._process is None or not _lives(self._process):
                raise KafkaFailed(f"Kafka did not start in {self._folder}:\n{self._words()}")
            if time.monotonic() > deadline:
                raise KafkaFailed(f"Kafka was not ready after {START_SECONDS:.0f} seconds:\n{self._words()}")
            time.sleep(0.05)

    def _leave(self, number: signal.Signals) -> None:
        if self._guard:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None
        if self._process:
            _end(self._process, number)
            self._process = None
            (self._folder / "broker.pid").unlink(missing_ok=True)

    def _words(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]


def find_running(folder: Path) -> psutil.Process | None:
    """The broker that runs on this folder, whoever started it; never another process that got its number."""
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        process = psutil.Process(int((folder / "broker.pid").read_text()))
        if "kafka.Kafka" in process.cmdline() and Path(process.cwd()) == folder.resolve() and _lives(process):
            return process
    return None


def answers(port: int) -> bool:
    """Whether a Kafka broker on 127.0.0.1 answers a metadata request and counts itself among the living."""
    request = struct.pack(">hhihi", 3, 1, 1, -1, 0)  # Metadata, version 1, correlation 1, no client id, no topics
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as wire, wire.makefile("rb") as answer:
            wire.sendall(struct.pack(">i", len(request)) + request)
            head = answer.read(12)
    except OSError:
        return False
    return len(head) == 12 and bool(struct.unpack(">iii", head)[2])  # length, correlation, number of brokers


def _runs(thread: Path) -> bool:
    try:
        state = thread.read_text().rpartition(") ")[2][:1]
    except OSError:  # it has just ended
        return False
    return state not in "TtZX"  # stopped, traced, dead


def find_java() -> Path:
    """The first Java that is new enough: JAVA_HOME, the PATH, then where Linux distributions put them."""
    folders = [Path(home) / "bin" for home in [os.environ.get("JAVA_HOME")] if home]
    folders += [Path(part) for part in os.get_exec_path()]
    folders += sorted(Path("/usr/lib/jvm").glob("*/bin"))
    for java in (folder / "java" for folder in folders):
        if os.access(java, os.X_OK):
            said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
            version = re.search(r'version "(\d+)', said)
            if version and int(version[1]) >= OLDEST_JAVA:
                return java
    raise KafkaUnavailable(f"Kafka needs Java {OLDEST_JAVA} or newer, and none was found.")


def fetch_jars() -> Path:
    """The folder of the broker's jars, fetched with Maven when it does not exist yet. All data folders share it."""
    home = CHECKOUT / ".data"
    if not os.access(CHECKOUT, os.W_OK):
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "yangguang"
    jars = home / "kafka-jars" / hashlib.sha256(POM.read_bytes()).hexdigest()[:16]
    jars.parent.mkdir(parents=True, exist_ok=True)
    with (jars.parent / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not jars.exists():
            _fetch(jars)
    return jars


def _fetch(jars: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaUnavailable("Kafka's jars are fetched with Maven (mvn), and it was not found.")
    print("Fetching Apache Kafka with Maven (once, 45 MB)", file=sys.stderr, flush=True)
    new = Path(tempfile.mkdtemp(prefix="new-", dir=jars.parent))
    command = [maven, "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={new}"]
    try:
        made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=FETCH_SECONDS)
        if made.returncode:
            cause = next((line for line in made.stdout.splitlines() if "ERROR" in line), made.stderr[-300:])
            raise KafkaUnavailable(f"Maven could not fetch Kafka's jars: {cause}")
        new.chmod(0o755)
        new.rename(jars)  # a folder of this name is therefore always complete
    except subprocess.TimeoutExpired:
        raise KafkaUnavailable(f"Maven did not fetch Kafka's jars within {FETCH_SECONDS:.0f} seconds.") from None
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _guard(pid: int) -> subprocess.Popen[bytes]:
    """A shell that kills the broker when this program is gone: its end of the pipe then closes."""
    command = ["sh", "-c", f"cat >/dev/null; kill -9 {pid} 2>/dev/null"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def _end(process: psutil.Process, number: signal.Signals = signal.SIGTERM) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)  # it may be frozen
        try:
            process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)


def main() -> int:
    """The program. Returns its exit code: 0, or 3 from `status` when no broker runs."""
    parser = argparse.ArgumentParser(description="Apache Kafka for development, under DATA_DIR/kafka.")
    parser.add_argument("act", choices=["start", "stop", "status", "run"])
    parser.add_argument("--port", type=int, default=PORT, help=f"port on 127.0.0.1 (default {PORT})")
    options = parser.parse_args()
    folder = Path(os.environ.get("DATA_DIR") or ".data") / "kafka"
    running = find_running(folder)
    if running and options.act == "stop":
        _end(running)
        running = None
    if running or options.act in ("stop", "status"):
        print(f"Kafka runs (process {running.pid})" if running else "Kafka does not run")
        return 0 if running or options.act == "stop" else 3
    broker = Broker(folder, options.port, lasting=options.act == "start")
    try:
        broker.start()
    except (KafkaUnavailable, KafkaFailed) as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"Kafka runs on {broker.bootstrap} (process {broker.pid}); its log is {broker.log}", flush=True)
    if options.act == "run":
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
        broker.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
