"""Keeps what libraries say of themselves away from standard error; everything else passes.

TensorFlow and LiteRT write such lines from C++, some before any setting of theirs is read. While a
command runs, file descriptor 2 therefore leads through a small process: this file, run as a
script. A process, so that the last words of a crash come through as well.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

#: What is no news to anybody who runs a command. An error that is not listed here is shown.
CHATTER = re.compile(
    rb"INFO: "  # LiteRT: "Created TensorFlow Lite XNNPACK delegate for CPU."
    rb"|WARNING: All log messages before absl::InitializeLog\(\) is called"
    rb"|[IW]\d{4} \d\d:\d\d:[\d.]+ +\d+ \S+:\d+\] "  # information and warnings of TensorFlow
    rb"|E\d{4} .*(failed call to cuInit|Unable to register cu)"  # there is no graphics card
    rb"|fully_quantize: "
)


@contextmanager
def only_own_words() -> Iterator[None]:
    """While it lasts ``CHATTER`` is swallowed. What Python writes goes the direct way, so that
    progress bars still find their terminal."""
    try:
        direct = os.dup(2)
    except OSError:  # closed: nobody listens
        yield
        return
    script = [sys.executable, "-I", "-S", __file__]
    strainer = subprocess.Popen(script, stdin=subprocess.PIPE, start_new_session=True)
    before = sys.stderr
    sys.stderr = open(direct, "w", 1, before.encoding, before.errors)  # noqa: SIM115
    os.dup2(strainer.stdin.fileno(), 2)
    strainer.stdin.close()
    try:
        yield
    finally:
        os.dup2(direct, 2)  # the last one to write to the strainer, which ends
        sys.stderr.close()
        sys.stderr = before
        with suppress(subprocess.TimeoutExpired):  # a process that was left behind may write on
            strainer.wait(timeout=2)


def strain() -> None:
    """Standard input to standard error, line by line, without the chatter."""
    for line in sys.stdin.buffer:
        if not CHATTER.match(line):
            sys.stderr.buffer.write(line)
            sys.stderr.buffer.flush()


if __name__ == "__main__":
    strain()
