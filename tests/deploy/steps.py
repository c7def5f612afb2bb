"""What a test that runs other programs needs: steps that come true or fail, waiting for signs, children that end."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time

PATIENCE = 90  # seconds; a step takes a few, on a busy machine a dozen


class Failed(Exception):
    """A step did not come true."""


class Steps:
    """Says of each step whether it came true, and counts."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    @contextlib.contextmanager
    def step(self, name: str):
        """A step on which the next ones stand."""
        started = time.monotonic()
        try:
            yield
        except Exception as error:
            self.failed += 1
            self.say("FAILED", started, f"{name}: {error or type(error).__name__}")
            raise
        self.passed += 1
        self.say("ok", started, name)

    @contextlib.contextmanager
    def check(self, name: str):
        """A step on which no other stands."""
        with contextlib.suppress(Failed), self.step(name):
            yield

    @staticmethod
    def say(verdict: str, started: float, text: str) -> None:
        print(f"{verdict:>6} {time.monotonic() - started:6.1f} s  {text}", flush=True)


def eventually(probe, push=lambda: None):
    """The first true answer of `probe`, asked again and again, with a `push` in between to those who could make it
    come true."""
    deadline = time.monotonic() + PATIENCE
    while True:
        if found := probe():
            return found
        if time.monotonic() > deadline:
            raise Failed(f"not within {PATIENCE} s")
        push()
        time.sleep(0.5)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_for_port(host: str, port: int) -> None:
    def answers() -> bool:
        with socket.socket() as caller:
            return caller.connect_ex((host, port)) == 0

    eventually(answers)


@contextlib.contextmanager
def child(command: list, log: pathlib.Path, **options):
    """A process that ends with the block, and whatever it started with it."""
    with log.open("ab") as stderr:
        process = subprocess.Popen([str(part) for part in command], stderr=stderr, start_new_session=True, **options)
    try:
        yield process
    finally:
        for sign, patience in [(signal.SIGTERM, 10), (signal.SIGKILL, 10)]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)


def tail(log: pathlib.Path, lines: int = 30) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
