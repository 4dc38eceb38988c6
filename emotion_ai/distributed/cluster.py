"""The way to a Ray cluster: found or started, every machine of it checked, nothing told to anybody.

Ray is an extra (``emotion-ai[cluster]``), imported when it is asked for.
"""

import logging
import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from emotion_ai.distributed.identity import check_worker
from emotion_ai.errors import ClusterError, EmotionAIError
from emotion_ai.optional import installing

#: An address that does not answer for so long is refused.
_ANSWER_S = 5.0
#: Ray sends usage statistics home unless told not to; how its own noise is kept away.
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
}


@dataclass(frozen=True)
class Cluster:
    """``cores`` and ``gpus`` of all its machines together."""

    cores: int
    gpus: int
    nodes: tuple[str, ...]

    def check(self, expected: dict[str, str], found: Callable[[], dict[str, str]]) -> None:
        """ClusterError unless ``found()``, called on each machine, is what is ``expected``."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        def look() -> tuple[str, dict[str, str]]:
            return socket.gethostname(), found()

        task = ray.remote(num_cpus=0, max_retries=0)(look)
        asked = [
            task.options(
                scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)
            ).remote()
            for node in self.nodes
        ]
        for answer in asked:
            with errors_told():
                machine, here = ray.get(answer)
            check_worker(expected, here, machine)


def import_ray():
    """Ray, silent; ClusterError with the way to get it where it is not installed."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError:
        raise ClusterError(f"--on ray needs Ray: {installing('cluster')}") from None
    return ray


@contextmanager
def connected(address: str | None = None) -> Iterator[Cluster]:
    """The cluster at ``address``; None starts one on this machine for the time of the context.

    ClusterError where Ray is missing or nothing answers.
    """
    ray = import_ray()
    if address not in (None, "auto", "local"):
        _refuse_silence(address)
    try:
        ray.init(
            address=address or "local",
            configure_logging=True,
            logging_level=logging.ERROR,
            log_to_driver=False,
            include_dashboard=False if address in (None, "local") else None,
        )
    except (ConnectionError, RuntimeError, ValueError, TimeoutError, OSError) as error:
        why = " ".join(str(error).split())[:200]
        raise ClusterError(f"no Ray cluster answers at {address or 'local'}: {why}") from None
    try:
        alive = [node for node in ray.nodes() if node["Alive"]]
        total = ray.cluster_resources()
        yield Cluster(
            max(1, int(total.get("CPU", 1))),
            int(total.get("GPU", 0)),
            tuple(node["NodeID"] for node in alive),
        )
    finally:
        ray.shutdown()


def _refuse_silence(address: str) -> None:
    """ClusterError unless something listens there: Ray itself would wait a minute."""
    where = address.partition("://")[2] or address
    host, _, port = where.rpartition(":")
    if not host or not port.isdigit():
        raise ClusterError(f"--address: expected auto or HOST:PORT, got {address}")
    try:
        with socket.create_connection((host, int(port)), timeout=_ANSWER_S):
            pass
    except OSError as error:
        raise ClusterError(
            f"no Ray cluster answers at {address}: {error.strerror or error}"
        ) from None


@contextmanager
def errors_told() -> Iterator[None]:
    """What fails on a cluster becomes one line."""
    import ray

    try:
        yield
    except ray.exceptions.RayError as error:
        raise ClusterError(f"the cluster failed: {trouble_of(error)}") from None


def trouble_of(error: Exception) -> str:
    """What a cluster's error says, in a line. One that is ours is raised as such: it would come
    again."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, EmotionAIError):
            raise ClusterError(str(cause).splitlines()[-1]) from None
        cause = getattr(cause, "cause", None) or cause.__cause__
    lines = [line for line in str(error).splitlines() if line.strip()]
    own = re.search(r"emotion_ai\.errors\.\w+Error: (.+)", str(error))
    if own:
        raise ClusterError(own[1]) from None
    return lines[-1][:300] if lines else type(error).__name__
