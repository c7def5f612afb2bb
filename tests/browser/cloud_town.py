"""The town in a cloud: what `sam build` made, deployed into MiniStack as tests/deploy does, the template's roles enforced."""

import contextlib
import itertools
import sys
import tempfile
import threading
from pathlib import Path

from town import Town

sys.path.append(str(Path(__file__).resolve().parents[1] / "deploy"))

from steps import Steps
from world import World, sam_cli

#: How often what a schedule starts is started here, in seconds: there it is a minute, and a quarter of an hour.
TICK_SECS, UPKEEP_EVERY = 2, 5


class Deployed(Town):
    """The deployed stack. Its clock is the real one; only its schedules are quick."""

    closed = {
        "an_approved_mail_leaves": "a new assistant's mails keep a quarter of an hour between them",
    }

    def __init__(self, binary):
        self.ends, self.steps, self.over = contextlib.ExitStack(), Steps(), threading.Event()
        self.answers = itertools.count()
        try:
            work = Path(self.ends.enter_context(tempfile.TemporaryDirectory(prefix="browser-test.")))
            self.world = World.begin(self.steps, self.ends, work, binary=binary, sam=sam_cli(), domains=("acme.example",))
        except BaseException:
            self.ends.close()
            raise
        self.product, self.zoho = self.world.public_url, self.world.zoho.ready["base_url"]
        self.clockwork = threading.Thread(target=self._run_schedules)
        self.clockwork.start()

    def _run_schedules(self):
        for turn in itertools.count():
            for function in ("NurtureTick", "Upkeep") if turn % UPKEEP_EVERY == 0 else ("NurtureTick",):
                try:
                    self.world.cloud.invoke(function)
                except Exception as error:  # what was started by a schedule fails alone
                    self.steps.failed += 1
                    print(f"FAILED: a scheduled run: {error}", flush=True)
            if self.over.wait(TICK_SECS):
                return

    def explain(self):
        self.world.explain()

    def unharmed(self):
        # A step has the CRM refuse a note.
        self.world.unharmed(self.steps, expected="NO_PERMISSION")
        return self.steps.failed == 0

    def stop(self):
        self.over.set()
        self.clockwork.join()
        self.ends.close()

    def mails(self):
        return list(self.world.sink.mails)

    def deliver(self, raw):
        self.world.answered(f"answer-{next(self.answers)}", raw)
