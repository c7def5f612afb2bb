"""Not yet."""


def measure(bench):
    yield from ()
