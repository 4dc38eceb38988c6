"""Visitors clicking through all pages: errors, how long a click takes, the server's memory.

    python benchmarks/load.py [--visitors 20] [--seconds 300] [--think 3]
    python benchmarks/load.py --watch --visitors 200 --seconds 60

With ``--watch`` everybody opens the Live page, fetches all that reads faces on their own device, as
a first visit does, and watches: what is left for the server to do.

Starts a server of its own, served to others and read-only, with drawn faces only. Every visitor is
a WebSocket that speaks Streamlit's protocol: it opens pages in turn, clicks buttons and tabs, moves
sliders, and keeps up what a page updates by itself, as a browser does. A click's time is from its
sending to the end of the page's run. Needs no browser, so the server has the machine to itself
but for one process.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 30.0
#: Without a camera behind it a click on it shows nothing that this could measure.
_LEFT_ALONE = ("Sign in", "START")
_SUCCESS, _EARLY = ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_EARLY_FOR_RERUN
_FRAGMENT = ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY


@dataclass
class Record:
    """What all visitors saw, by page: seconds of each run, and what went wrong."""

    loads: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    clicks: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrong: Counter = field(default_factory=Counter)
    refused: Counter = field(default_factory=Counter)
    bytes: int = 0


@dataclass
class Control:
    """A widget on the page: what can be done with it, its fragment ("" outside), its place."""

    choices: list[WidgetState]
    fragment: str
    path: tuple[int, ...]


class Visitor:
    """One browser's worth of a session."""

    def __init__(
        self, url: str, record: Record, rng: random.Random, headers: dict[str, str] | None = None
    ):
        self._url, self._record, self._rng, self._headers = url, record, rng, headers
        self.pages: list[tuple[str, str]] = []
        self._page, self._hash = "", ""
        #: What can be clicked by now, by widget id.
        self._controls: dict[str, Control] = {}
        #: Where each fragment stands on the page, and what the run under way draws of it.
        self._places: dict[str, tuple[int, ...]] = {}
        self._drawing: list[str] = []
        self._drawn: set[str] = set()
        self._values: dict[str, WidgetState] = {}
        self._tabs: dict[tuple, str] = {}
        self._updates: dict[str, asyncio.Task] = {}
        self._finished: asyncio.Queue = asyncio.Queue()

    async def __aenter__(self) -> "Visitor":
        address = self._url.replace("http", "ws", 1) + "/_stcore/stream"
        self._socket = await connect(
            address,
            subprotocols=["streamlit"],
            origin=self._url,
            additional_headers=self._headers,
            max_size=None,
            open_timeout=None,  # how long it takes is measured
            compression=None,
        )
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *exception) -> None:
        for task in (self._listening, *self._updates.values()):
            task.cancel()
        await self._socket.close()

    async def open(self, name: str, page_hash: str) -> float | None:
        """Go to a page; seconds until it stands."""
        self._page, self._hash = name, page_hash
        self._controls.clear()
        self._places.clear()
        self._values.clear()
        self._stop_updates()
        seconds = await self._run()
        if seconds is not None:
            self._record.loads[name].append(seconds)
        return seconds

    async def click(self) -> None:
        """Something on the page that answers."""
        if not self._controls:
            return
        widget = self._rng.choice(sorted(self._controls))
        state = self._rng.choice(self._controls[widget].choices)
        seconds = await self._run([state], self._controls[widget].fragment)
        if not state.HasField("trigger_value"):
            self._values[widget] = state
        if seconds is not None:
            self._record.clicks[self._page].append(seconds)

    async def _run(self, changed: list[WidgetState] = (), fragment: str = "") -> float | None:
        while not self._finished.empty():
            self._finished.get_nowait()
        started = time.perf_counter()
        await self._send(changed, fragment)
        try:
            async with asyncio.timeout(PATIENCE_S):
                while await self._finished.get() == _EARLY:
                    pass
        except TimeoutError:
            self._record.wrong[f"{self._page}: no end of the run after {PATIENCE_S:.0f} s"] += 1
            return None
        return time.perf_counter() - started

    async def _send(self, changed=(), fragment: str = "", by_itself: bool = False) -> None:
        message = BackMsg()
        state = message.rerun_script
        state.page_script_hash, state.fragment_id = self._hash, fragment
        state.is_auto_rerun = by_itself
        state.context_info.url = f"{self._url}/{self._page}"
        states = {**self._values, **{state.id: state for state in changed}}
        state.widget_states.widgets.extend(states.values())
        await self._socket.send(message.SerializeToString())

    async def _listen(self) -> None:
        try:
            async for data in self._socket:
                self._record.bytes += len(data)
                message = ForwardMsg()
                message.ParseFromString(data)
                self._take(message)
        except ConnectionClosed as error:
            self._record.wrong[f"connection lost: {error}"[:120]] += 1
            self._finished.put_nowait(None)

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._drawing, self._drawn = list(message.metadata.run.fragment_ids), set()
            if not self._drawing:  # the page begins anew, and says again what updates by itself
                self._stop_updates()
        elif kind == "script_finished":
            if message.script_finished not in (_SUCCESS, _EARLY, _FRAGMENT):
                self._record.wrong[f"{self._page}: the script did not compile"] += 1
            if message.script_finished in (_SUCCESS, _FRAGMENT):
                self._forget_what_is_gone()
            self._finished.put_nowait(message.script_finished)
        elif kind == "navigation":
            self.pages = [
                (page.url_pathname or "home", page.page_script_hash)
                for page in message.navigation.app_pages
            ]
        elif kind == "auto_rerun":
            update = message.auto_rerun
            if update.fragment_id not in self._updates:
                task = self._update(update.fragment_id, update.interval)
                self._updates[update.fragment_id] = asyncio.create_task(task)
        elif kind == "stop_auto_rerun":
            self._stop_updates(message.stop_auto_rerun.fragment_ids)
        elif kind == "delta":
            self._element(tuple(message.metadata.delta_path), message.delta)

    async def _update(self, fragment: str, interval_s: float) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(interval_s)
                await self._send((), fragment, by_itself=True)

    def _stop_updates(self, fragments: Iterable[str] = ()) -> None:
        for fragment in list(fragments) or list(self._updates):
            if task := self._updates.pop(fragment, None):
                task.cancel()

    def _forget_what_is_gone(self) -> None:
        """As a browser does: what the run could have drawn again and did not is off the page.
        The server says nothing to a click on it."""
        if self._drawing:
            places = [self._places[name] for name in self._drawing if name in self._places]
            redrawn = {
                widget
                for widget, control in self._controls.items()
                if any(control.path[: len(place)] == place for place in places)
            }
        else:
            redrawn = set(self._controls)
        for widget in redrawn - self._drawn:
            del self._controls[widget]

    def _element(self, path: tuple, delta) -> None:
        """Note errors, and what could be clicked."""
        if delta.fragment_id:  # its own container comes first
            self._places.setdefault(delta.fragment_id, path)
        if delta.WhichOneof("type") == "add_block":
            block = delta.add_block
            if block.WhichOneof("type") == "tab_container" and block.tab_container.id:
                self._tabs[path] = block.tab_container.id
            elif block.WhichOneof("type") == "tab" and path[:-1] in self._tabs:
                widget = self._tabs[path[:-1]]
                choice = WidgetState(id=widget, string_value=block.tab.label)
                known = self._controls[widget].choices if widget in self._drawn else []
                self._control(widget, [*known, choice], delta.fragment_id, path)
            return
        element = delta.new_element
        kind = element.WhichOneof("type")
        proto = getattr(element, kind) if kind else None
        if kind == "exception":
            self._record.wrong[f"{self._page}: {proto.type} {proto.message}"[:160]] += 1
        elif kind == "alert" and proto.format == proto.ERROR:
            self._record.refused[f"{self._page}: {proto.body}"[:160]] += 1
        elif choices := _choices(kind, proto):
            self._control(proto.id, choices, delta.fragment_id, path)

    def _control(self, widget: str, choices: list, fragment: str, path: tuple) -> None:
        self._controls[widget] = Control(choices, fragment, path)
        self._drawn.add(widget)


def _choices(kind: str | None, proto) -> list[WidgetState]:
    """What a visitor could do with an element."""
    if getattr(proto, "disabled", True) or getattr(proto, "form_id", ""):
        return []
    if kind == "button" and not proto.is_form_submitter and proto.label not in _LEFT_ALONE:
        return [WidgetState(id=proto.id, trigger_value=True)]
    if kind == "checkbox":
        return [WidgetState(id=proto.id, bool_value=on) for on in (True, False)]
    if kind == "selectbox":
        return [WidgetState(id=proto.id, string_value=option) for option in proto.options]
    if kind == "slider" and len(proto.default) == 1 and not proto.options:
        ends = (proto.min, (proto.min + proto.max) / 2, proto.max)
        steps = [proto.min + round((end - proto.min) / proto.step) * proto.step for end in ends]
        values = [min(step, proto.max) for step in steps]
        return [WidgetState(id=proto.id, double_array_value={"data": [value]}) for value in values]
    if kind == "button_group" and proto.click_mode == proto.SINGLE_SELECT:
        return [
            WidgetState(id=proto.id, string_array_value={"data": [option.content]})
            for option in proto.options
        ]
    return []


async def visit(url: str, record: Record, number: int, until: float, think_s: float) -> None:
    """One visitor: pages in an order of their own, two or three clicks on each."""
    rng = random.Random(number)
    await asyncio.sleep(rng.uniform(0, think_s))
    async with Visitor(url, record, rng) as visitor:
        await visitor.open("home", "")
        while time.monotonic() < until:
            pages = rng.sample(visitor.pages, len(visitor.pages))
            for name, page_hash in pages:
                for act in (lambda: visitor.open(name, page_hash), *[visitor.click] * 3):  # noqa: B023
                    if time.monotonic() >= until:
                        return
                    await act()
                    await asyncio.sleep(rng.expovariate(1 / think_s))


async def watch_live(url: str, record: Record, number: int, seconds: float) -> None:
    """One visitor of the Live page, read on their own device."""
    rng = random.Random(number)
    await asyncio.sleep(rng.uniform(0, seconds))  # they do not come at once
    async with Visitor(url, record, rng) as visitor:
        await visitor.open("home", "")
        if (page_hash := dict(visitor.pages).get("live")) is None:
            return  # no answer, which is counted
        await visitor.open("live", page_hash)
        started = time.perf_counter()
        record.bytes += await asyncio.to_thread(_fetch_device_files, url)
        record.loads["device files"].append(time.perf_counter() - started)
        await asyncio.sleep(seconds)


def _fetch_device_files(url: str) -> int:
    """All that a browser fetches for reading by itself, one after the other; the bytes."""

    def fetch(name: str) -> bytes:
        with urllib.request.urlopen(f"{url}/device/{name}", timeout=PATIENCE_S) as response:
            return response.read()

    manifest = fetch("files.json")
    listed = json.loads(manifest)
    names = [path.name for path in (ROOT / "static" / "device").glob("*.mjs")]
    names += ["live.html", "style.css", "icon.svg", listed["detector"]["path"]]
    names += [file["path"] for file in listed["runtime"]["relaxed"].values()]
    names += [listed["runtime"]["api"]["path"]]
    names += [model["file"]["path"] for model in listed["models"].values()]
    return len(manifest) + sum(len(fetch(name)) for name in names)


async def watch(process: psutil.Process, megabytes: list[float]) -> None:
    """The server's memory, and its children's, once a second."""
    while True:
        with contextlib.suppress(psutil.Error):
            family = [process, *process.children(recursive=True)]
            megabytes.append(sum(member.memory_info().rss for member in family) / 1e6)
        await asyncio.sleep(1)


async def measure(url: str, server: psutil.Process, arguments: argparse.Namespace) -> Record:
    record, cold, megabytes = Record(), Record(), []
    async with Visitor(url, cold, random.Random(0)) as first:
        await first.open("home", "")
        for name, page_hash in first.pages:
            await first.open(name, page_hash)
    print("first visit to each page (s):", end=" ")
    print(", ".join(f"{name} {max(times):.2f}" for name, times in cold.loads.items()))
    watching = asyncio.create_task(watch(server, megabytes))
    before = server.cpu_times()
    started = time.monotonic()
    until = started + arguments.seconds
    if arguments.watch:
        visits = (
            watch_live(url, record, number, arguments.seconds)
            for number in range(arguments.visitors)
        )
    else:
        visits = (
            visit(url, record, number, until, arguments.think)
            for number in range(arguments.visitors)
        )
    await asyncio.gather(*visits)
    after = server.cpu_times()
    used_s = after.user + after.system - before.user - before.system
    print(
        f"server: {used_s:.1f} s of CPU in {time.monotonic() - started:.0f} s, "
        f"{1e3 * used_s / arguments.visitors:.0f} ms a visitor"
    )
    await asyncio.sleep(1.5)
    watching.cancel()
    record.wrong.update(cold.wrong)
    report(record, megabytes, arguments)
    return record


def report(record: Record, megabytes: list[float], arguments: argparse.Namespace) -> None:
    print(f"\n{arguments.visitors} visitors, {arguments.seconds} s, {arguments.think} s to think")
    heads = f"{'p50 s':>7} {'p95 s':>7}"
    print(f"{'page':12} {'opened':>7} {heads} {'clicks':>7} {heads}")
    for page in record.loads:
        loads, clicks = record.loads[page], record.clicks[page]
        print(f"{page:12} {_figures(loads)} {_figures(clicks)}")
    loads, clicks = ([s for page in kind.values() for s in page] for kind in
                     (record.loads, record.clicks))  # fmt: skip
    print(f"{'all':12} {_figures(loads)} {_figures(clicks)}")
    both = loads + clicks
    print(f"\nruns {len(both):,}, {_figures(both).strip()} (number, p50 s, p95 s)")
    quarter = max(1, len(megabytes) // 4)
    print(
        f"server memory: {megabytes[0]:.0f} MB at first, {max(megabytes):.0f} MB at most, "
        f"{statistics.mean(megabytes[-quarter:]):.0f} MB in the last quarter"
    )
    print(f"sent to the visitors: {record.bytes / 1e6:.0f} MB")
    print(f"red lines about what was asked for: {sum(record.refused.values())}")
    for line, times in record.refused.most_common(10):
        print(f"  {times} × {line}")
    print(f"errors: {sum(record.wrong.values())}")
    for wrong, times in record.wrong.most_common(20):
        print(f"  {times} × {wrong}")


def _figures(seconds: list[float]) -> str:
    if not seconds:
        return f"{0:7} {'':7} {'':7}"
    middle = statistics.median(seconds)
    high = sorted(seconds)[min(len(seconds) - 1, int(0.95 * len(seconds)))]
    return f"{len(seconds):7,} {middle:7.2f} {high:7.2f}"


@contextlib.contextmanager
def server(port: int):
    """A dashboard that is served to others, with drawn faces and the shipped models."""
    with tempfile.TemporaryDirectory(prefix="load_") as folder:
        environment = {
            **os.environ,
            "EMOTION_AI_ACCESS": "read-only",
            "EMOTION_AI_DATA": f"{folder}/data",
            "EMOTION_AI_CACHE": f"{folder}/cache",
            "EMOTION_AI_RUNS": f"{folder}/runs",
        }
        draw = [sys.executable, "-m", "emotion_ai", "data", "synthetic", "--n", "700"]
        subprocess.run(draw, cwd=ROOT, env=environment, check=True, capture_output=True)
        command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
        command += ["--server.headless", "true", "--server.port", str(port)]
        log = Path(folder) / "server.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            url = f"http://localhost:{port}"
            _wait(f"{url}/_stcore/health")
            yield url, psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(20)
            said = [
                line for line in log.read_text(errors="replace").splitlines() if "Error" in line
            ]
            print(f"lines with errors in the server's log: {len(said)}")
            print("\n".join(f"  {line[:200]}" for line in said[:10]))


def _wait(url: str) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.2)
    raise SystemExit("the server did not start")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--think", type=float, default=3.0, help="mean seconds between clicks")
    parser.add_argument("--watch", action="store_true", help="the Live page, read on the device")
    parser.add_argument("--port", type=int, help="of the server (default: a free one)")
    arguments = parser.parse_args()
    with server(arguments.port or _free_port()) as (url, process):
        record = asyncio.run(measure(url, process, arguments))
    return 1 if record.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
