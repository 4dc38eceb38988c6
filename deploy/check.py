"""Tries this folder's nginx.conf, Caddyfile and turnserver.conf on one machine:
``sudo PYTHONPATH=. .venv/bin/python deploy/check.py``. Needs root, nginx, coturn, Chromium, openssl
and, for its part, Caddy (Debian's packages do).

Three network namespaces stand for three machines: the viewer's, the one in front with the proxy and
the relay, the app's with two replicas. No packet passes from the viewer to the app but through what
runs in front, so a live picture can only come by the relay. A self-signed certificate stands for a
real one; everything else in the three files is used as it is.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.live import draw_camera
from emotion_ai.datasets.drawn.synthetic import draw_photo
from emotion_ai.media.images import encode_png
from emotion_ai.settings import ROOT

HERE = Path(__file__).parent
SITE = "emotion.example.org"
VIEWER, FRONT, APP = "emotion-viewer", "emotion-front", "emotion-app"
FRONT_OUTSIDE, FRONT_INSIDE, APP_ADDRESS = "10.77.1.1", "10.77.2.1", "10.77.2.2"
PORTS = (8691, 8692)
SECRET = "only-for-this-check"
#: The browser may use no way but the relay, and its connections can be asked afterwards.
RELAY_ONLY = """(() => { const Original = window.RTCPeerConnection; window.connections = [];
  window.RTCPeerConnection = function (configuration, ...rest) {
    const made = new Original({...configuration, iceTransportPolicy: 'relay'}, ...rest);
    window.connections.push(made); return made; };
  window.RTCPeerConnection.prototype = Original.prototype; })()"""
PAIRS = """async () => { const found = []; for (const made of window.connections) {
  const stats = await made.getStats(); stats.forEach(pair => {
    if (pair.type === 'candidate-pair' && pair.nominated && pair.state === 'succeeded')
      found.push({local: stats.get(pair.localCandidateId).candidateType,
                  remote: stats.get(pair.remoteCandidateId).candidateType,
                  sent: pair.bytesSent, received: pair.bytesReceived}); }); } return found; }"""


def run(*command: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(command, check=True, capture_output=True, text=True, **options)


@contextmanager
def network():
    """The three machines: viewer, front, app; the front passes nothing on by itself."""
    links = ((VIEWER, "10.77.1.2", FRONT_OUTSIDE), (APP, APP_ADDRESS, FRONT_INSIDE))
    try:
        for name in (VIEWER, FRONT, APP):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "netns", "exec", FRONT, "sysctl", "-qw", "net.ipv4.ip_forward=0")
        for number, (name, there, here) in enumerate(links):
            run("ip", "link", "add", f"ea{number}", "netns", FRONT, "type", "veth", "peer",
                "name", "eth0", "netns", name)  # fmt: skip
            for where, device, address in ((FRONT, f"ea{number}", here), (name, "eth0", there)):
                run("ip", "-n", where, "address", "add", f"{address}/24", "dev", device)
                run("ip", "-n", where, "link", "set", device, "up")
            run("ip", "-n", name, "route", "add", "default", "via", here)
        yield
    finally:
        for name in (VIEWER, FRONT, APP):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


@contextmanager
def process(namespace: str, log: Path, *command: str, env: dict | None = None):
    with log.open("wb") as output:
        started = subprocess.Popen(
            ["ip", "netns", "exec", namespace, *command],
            cwd=ROOT, stdout=output, stderr=output, env={**os.environ, **(env or {})},
        )  # fmt: skip
    try:
        yield started
    finally:
        started.terminate()
        started.wait(20)


def replicas(stack: ExitStack, folder: Path) -> None:
    environment = {
        "EMOTION_AI_DATA": str(folder / "data"),
        "EMOTION_AI_ACCESS": "read-only",
        "EMOTION_AI_TURN_URL": f"turn:{FRONT_OUTSIDE}:3478",
        "EMOTION_AI_TURN_SECRET": SECRET,
    }
    for port in PORTS:
        command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
        command += ["--server.headless", "true", "--server.address", "0.0.0.0"]
        command += ["--server.port", str(port)]
        log = folder / f"app{port}.log"
        stack.enter_context(process(APP, log, *command, env=environment))


def nginx(folder: Path) -> list[str]:
    """``nginx.conf`` with this check's certificate and replicas, in the frame Debian gives it."""
    site = (HERE / "nginx.conf").read_text()
    site = re.sub(r"/etc/letsencrypt/live/[^/]+", str(folder), site)
    servers = "".join(f"server {APP_ADDRESS}:{port};" for port in PORTS)
    site = site.replace("server 127.0.0.1:8501 max_fails=2 fail_timeout=10s;", servers, 1)
    site = site.replace("/var/lib/nginx/emotion_ai", str(folder / "cache"))
    (folder / "site.conf").write_text(site)
    (folder / "nginx-main.conf").write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log;\n"
        "events {}\nhttp { include /etc/nginx/mime.types;\n"
        "log_format who '$upstream_addr|$uid_got|$uid_set|$status $request';\n"
        f"access_log {folder}/access.log who; include {folder}/site.conf; }}\n"
    )
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx-main.conf")]


def caddy(folder: Path) -> list[str]:
    text = (HERE / "Caddyfile").read_text()
    text = text.replace(f"{SITE} {{", f"https://{SITE}:8443 {{\n\ttls {folder}/fullchain.pem "
                        f"{folder}/privkey.pem", 1)  # fmt: skip
    text = text.replace("127.0.0.1:8501", " ".join(f"{APP_ADDRESS}:{port}" for port in PORTS))
    (folder / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + text)
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def coturn(folder: Path) -> list[str]:
    """``turnserver.conf`` with this check's certificate, secret and addresses."""
    text = (HERE / "turnserver.conf").read_text()
    text = re.sub(r"/etc/letsencrypt/live/[^/]+", str(folder), text)
    text = text.replace("CHANGE-ME", SECRET).replace("203.0.113.10", APP_ADDRESS)
    (folder / "turnserver.conf").write_text(text + f"listening-ip={FRONT_OUTSIDE}\nverbose\n")
    return ["turnserver", "-c", str(folder / "turnserver.conf"), "--pidfile", f"{folder}/turn.pid",
            "--db", f"{folder}/turndb"]  # fmt: skip


def wait_for(what: str, test: Callable[[], object], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if test():
                return
        except (OSError, subprocess.CalledProcessError):
            pass
        time.sleep(0.5)
    raise SystemExit(f"{what}: not within {seconds:.0f} s")


def healthy(port: int) -> bool:
    url = f"http://{APP_ADDRESS}:{port}/_stcore/health"
    code = f"import urllib.request as u; u.urlopen('{url}', timeout=2)"
    return run("ip", "netns", "exec", FRONT, sys.executable, "-c", code).returncode == 0


def tell(passed: bool, what: str) -> None:
    print(("ok      " if passed else "FAILED  ") + what, flush=True)
    tell.failed |= not passed


tell.failed = False


def check_pages(browser: Browser, base: str, name: str, folder: Path) -> None:
    """The home page over a websocket, and an upload larger than proxies take by default."""
    context = browser.new_context(ignore_https_errors=True, base_url=base)
    context.set_default_timeout(90_000)
    page, sockets = context.new_page(), []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.goto("/")
    page.get_by_role("heading", name="Emotion AI").or_(page.get_by_role("heading")).first.wait_for()
    page.get_by_text("An expression is not a feeling.").first.wait_for()
    tell(any(url.startswith(f"wss://{SITE}") for url in sockets), f"{name}: websocket over TLS")
    picture = draw_photo(3, 4, (1600, 1200))[0]
    noise = np.random.default_rng(0).integers(0, 24, picture.shape, np.uint8)
    photo = folder / "four.png"
    photo.write_bytes(encode_png(np.minimum(picture, 231) + noise))
    page.goto("/photo")
    page.locator(".ea-picture img").wait_for()
    page.locator("input[type=file]").set_input_files([str(photo)])
    page.get_by_text("four.png: 4 faces").wait_for()
    tell(True, f"{name}: a photo of {photo.stat().st_size / 1e6:.1f} MB uploaded and read")
    context.close()


def check_replicas(browser: Browser, base: str, folder: Path) -> None:
    """Twelve visitors: each on one replica, all replicas in use."""
    for _ in range(12):
        context = browser.new_context(ignore_https_errors=True, base_url=base)
        page = context.new_page()
        page.goto("/")
        page.get_by_text("An expression is not a feeling.").first.wait_for(timeout=90_000)
        context.close()
    seen: dict[str, set[str]] = {}
    for line in (folder / "access.log").read_text().splitlines():
        replicas_asked, got, given, _ = line.split("|", 3)
        if "." in replicas_asked and (cookie := (got + given).replace("-", "")):
            seen.setdefault(cookie, set()).update(replicas_asked.split(", "))
    used = set().union(*seen.values())
    tell(
        len(used) == len(PORTS) and all(len(places) == 1 for places in seen.values()),
        f"nginx: {len(seen)} visitors kept to one replica each, {len(used)} replicas in use",
    )


def check_relay(browser: Browser, base: str, folder: Path, seconds: float = 15) -> None:
    """The live page, its picture through coturn alone."""
    context = browser.new_context(ignore_https_errors=True, base_url=base)
    context.set_default_timeout(90_000)
    context.add_init_script(RELAY_ONLY)
    page: Page = context.new_page()
    page.goto("/live?view=My+face&size=640+×+480")
    page.get_by_text("I agree").click()
    start = page.frame_locator("iframe[title*=webrtc]").get_by_role("button", name="START")
    start.wait_for()
    frame = next(frame for frame in page.frames if "webrtc" in frame.url)
    clicked = time.monotonic()
    start.click()
    page.get_by_text("ms a frame").wait_for()
    first_s = time.monotonic() - clicked
    before = frame.evaluate(PAIRS)
    time.sleep(seconds)
    pairs = frame.evaluate(PAIRS)
    said = page.get_by_text("ms a frame").inner_text()
    tell(bool(pairs) and all(pair["local"] == "relay" for pair in pairs),
         f"coturn: the picture's way is {[(p['local'], p['remote']) for p in pairs]}, "
         f"the page's rates after {first_s:.0f} s: {said}")  # fmt: skip
    if pairs and before:
        up, down = (
            8e-6 * (pairs[0][key] - before[0][key]) / seconds for key in ("sent", "received")
        )
        tell(up > 0 and down > 0, f"coturn: {up:.2f} Mbit/s up, {down:.2f} Mbit/s down")
    context.close()
    log = (folder / "turn.log").read_text(errors="replace")
    tell("ALLOCATE processed, success" in log, "coturn: its log names the allocation")


def main() -> None:
    if os.geteuid():
        raise SystemExit("network namespaces need root")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", f"/CN={SITE}", "-addext", f"subjectAltName=DNS:{SITE}",
            "-keyout", str(folder / "privkey.pem"),
            "-out", str(folder / "fullchain.pem"))  # fmt: skip
        (folder / "privkey.pem").chmod(0o644)
        stack.enter_context(network())
        ping = ["ip", "netns", "exec", VIEWER, "ping", "-c1", "-W1", APP_ADDRESS]
        blocked = not shutil.which("ping") or subprocess.run(ping, capture_output=True).returncode
        tell(bool(blocked), "the viewer cannot reach the app but through what runs in front")
        replicas(stack, folder)
        for port in PORTS:
            wait_for(f"replica {port}", lambda port=port: healthy(port))
        stack.enter_context(process(FRONT, folder / "nginx.log", *nginx(folder)))
        stack.enter_context(process(FRONT, folder / "turn.log", *coturn(folder)))
        if shutil.which("caddy"):
            stack.enter_context(process(FRONT, folder / "caddy.log", *caddy(folder)))
        camera = draw_camera(folder / "one_face.mjpeg", 1, (640, 480), 12)
        chromium = folder / "chromium"
        chromium.write_text(f'#!/bin/sh\nexec ip netns exec {VIEWER} chromium "$@"\n')
        chromium.chmod(0o755)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(
            executable_path=str(chromium),
            args=["--no-sandbox", "--disable-quic", "--disable-background-networking",
                  f"--host-resolver-rules=MAP {SITE} {FRONT_OUTSIDE}",
                  "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
                  f"--use-file-for-fake-video-capture={camera}"],
        )  # fmt: skip
        stack.callback(browser.close)
        try:
            page = browser.new_page(ignore_https_errors=True)
            page.goto(f"http://{SITE}/learn")
            tell(page.url.startswith(f"https://{SITE}/learn"), "nginx: http leads to https")
            page.close()
            check_pages(browser, f"https://{SITE}", "nginx", folder)
            if shutil.which("caddy"):
                check_pages(browser, f"https://{SITE}:8443", "Caddy", folder)
            check_replicas(browser, f"https://{SITE}", folder)
            check_relay(browser, f"https://{SITE}", folder)
        except Exception:
            for log in sorted(folder.glob("*.log")):
                print(f"== {log.name}\n{log.read_text(errors='replace')[-1500:]}", file=sys.stderr)
            raise
    sys.exit(tell.failed)


if __name__ == "__main__":
    main()
