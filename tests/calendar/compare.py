"""Compares the domain's calendar with Python's: `compare.py COMMAND...`, where the command answers as
`cargo run -p domain --example when` does.

Every IANA zone at every clock change from 2024 to 2037, with windows that clock changes hit; every public holiday and
weekend of every country and part of a country; and schedules that walk through both. Ends with the figures, and with an
error if any answer differs.
"""

import collections
import datetime
import functools
import json
import subprocess
import sys
import threading
import time
import warnings
import zoneinfo
from importlib import resources

import holidays
import tzdata

zoneinfo.reset_tzpath(to=[])

YEARS = range(2024, 2038)
UTC = datetime.timezone.utc
DAY = datetime.timedelta(days=1)
FIRST = int(datetime.datetime(YEARS[0], 1, 1, tzinfo=UTC).timestamp())
END = int(datetime.datetime(YEARS[-1] + 1, 1, 1, tzinfo=UTC).timestamp())
# The usual one, and some that clock changes open late, close early, split or skip.
WINDOWS = ("09:00-17:00", "01:00-02:00", "01:30-03:30", "00:00-00:45", "02:10-02:50")
AROUND = (-86400, -7200, -5400, -3600, -1800, -1, 0, 1, 1800, 3600, 5400, 7200)
# Names of zoneinfo that are no places: the machine's own, and the one for machines without.
NO_ZONES = {"localtime", "Factory"}


class Comparison:
    """Questions asked at once, each with what is to be made of its answer."""

    def __init__(self):
        self.questions, self.checks = [], []
        self.counts, self.differences = collections.Counter(), []

    def ask(self, question, check):
        self.questions.append(json.dumps(question))
        self.checks.append(check)

    def run(self, command):
        product = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def feed():
            for question in self.questions:
                product.stdin.write(question + "\n")
            product.stdin.close()

        threading.Thread(target=feed, daemon=True).start()
        answered = 0
        for line, check in zip(product.stdout, self.checks):
            check(json.loads(line))
            answered += 1
        if product.wait() or answered != len(self.checks):
            sys.exit(f"{answered} of {len(self.checks)} questions were answered")
        self.questions, self.checks = [], []

    def same(self, kind, ours, theirs, about):
        self.counts[kind] += 1
        if ours != theirs:
            self.counts[f"{kind}: differences"] += 1
            if len(self.differences) < 20:
                self.differences.append(f"{kind}, {about}: {ours}, Python says {theirs}")


def window(text):
    return [datetime.time.fromisoformat(part) for part in text.split("-")]


class Clock:
    """A zone as zoneinfo knows it."""

    def __init__(self, name):
        self.zone = zoneinfo.ZoneInfo(name)
        self.changes = tuple(self._changes())

    def offset(self, at):
        return int(datetime.datetime.fromtimestamp(at, self.zone).utcoffset().total_seconds())

    def _changes(self):
        """Where the offset changes, found by halving; no zone changes it twice within 12 hours."""
        step = 12 * 3600
        before = self.offset(FIRST)
        for end in range(FIRST + step, END + step, step):
            after = self.offset(end)
            if after != before:
                low, high = end - step, end
                while high - low > 1:
                    middle = (low + high) // 2
                    low, high = (middle, high) if self.offset(middle) == before else (low, middle)
                yield high, after
            before = after

    def shown(self, at):
        return datetime.datetime.fromtimestamp(at, self.zone)

    def at(self, date, clock, fold):
        return int(datetime.datetime.combine(date, clock, self.zone).replace(fold=fold).timestamp())

    def is_open(self, at, opens, closes):
        """The window's hours, until they have been once."""
        shown = self.shown(at)
        return opens <= shown.time() < closes and at < self.at(shown.date(), closes, 0)

    @functools.lru_cache(maxsize=None)
    def next_open(self, at, opens, closes):
        first = self.shown(at).date() - DAY
        starts = [self.at(first + DAY * days, opens, fold) for days in range(12) for fold in (0, 1)]
        candidates = {at, *starts, *(change for change, _ in self.changes)}
        return min(later for later in candidates if later >= at and self.is_open(later, opens, closes))


def clock_of(name, known={}):
    """The zone's clock; zones that show the same in all these years share one."""
    clock = Clock(name)
    return known.setdefault((clock.offset(FIRST), clock.changes), clock)


def edges(comparison, name, clock):
    """Instants around each clock change (or new year, in zones without any), in windows that it hits."""
    edges = [change for change, _ in clock.changes]
    edges = edges or [int(datetime.datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in YEARS]
    instants = [edge + around for edge in edges for around in AROUND]
    for text in WINDOWS:
        opens, closes = window(text)

        def check(answers, text=text, opens=opens, closes=closes):
            for at, answer in zip(instants, answers):
                about = f"{name} {clock.shown(at)} in {text}"
                comparison.same("instants around clock changes", answer, clock.next_open(at, opens, closes), about)
                comparison.same("sends inside of the window", clock.is_open(answer, opens, closes), True, about)
                comparison.counts["of them, open at once"] += answer == at

        place = {"zone": name, "country": None, "window": text, "off_days": []}
        comparison.ask({"ask": "next", "place": place, "at": instants}, check)
    for edge in edges:
        for text, off in (("01:30-03:30", []), ("09:00-17:00", ["sat", "sun"])):
            start, gaps = edge - 6 * 86400, (0, 2, 3, 1, 1, 1, 4)
            allowed = functools.partial(lambda off, date: not off or date.weekday() < 5, off)
            walk(comparison, name, clock, None, text, off, start, gaps, allowed)


def walk(comparison, name, clock, country, text, off, start, gaps, allowed):
    """A schedule's mails: one for each step, each on the first allowed day after its gap."""
    opens, closes = window(text)

    def check(answers):
        comparison.same("schedules with a mail for each step", len(answers), len(gaps), name)
        previous = None
        for answer, gap in zip(answers, gaps):
            date = clock.shown(answer).date()
            if previous is None:
                wanted = clock.shown(clock.next_open(start, opens, closes)).date()
            else:
                wanted = previous + DAY * gap
            while not allowed(wanted):
                wanted += DAY
            about = f"{name} {country} {text}, a step {gap} days after {previous}"
            if wanted.year in YEARS:
                comparison.same("steps on their day", str(date), str(wanted), about)
            comparison.same("sends inside of the window", clock.is_open(answer, opens, closes), True, about)
            previous = date

    place = {"zone": name, "country": country, "window": text, "off_days": off}
    spread = (start * 2654435761 + len(name)) % 2**63
    comparison.ask({"ask": "walk", "place": place, "start": start, "gaps": gaps, "spread": spread}, check)


def rests(comparison, country, parts, zone, clock):
    """A country's holidays and weekend, its parts' holidays, and what is planned for each of these days."""
    national = None
    for part in [None, *parts]:
        calendar = holidays.country_holidays(country, subdiv=part, years=YEARS, language="en_US")
        national = national or calendar
        days = sorted((str(date), name) for date, name in calendar.items() if date.year in YEARS)

        def check(answer, part=part, days=days, weekend=sorted(calendar.weekend)):
            ours = {tuple(day) for day in answer["days"]}
            for day in ours | set(days):
                comparison.same("holidays", day if day in ours else None, day if day in set(days) else None, (country, part))
            comparison.same("weekends", answer["weekend"], weekend, (country, part))

        comparison.ask({"ask": "holidays", "country": country, "part": part}, check)

    def allowed(date):
        return date not in national and date.weekday() not in national.weekend

    days = sorted(date for date in national if date.year in YEARS)

    def check(answers):
        for day, answer in zip(days, answers):
            wanted = day
            while not allowed(wanted):
                wanted += DAY
            if wanted.year in YEARS:
                about = f"{country}, for {day}"
                comparison.same("mails planned for holidays", str(clock.shown(answer).date()), str(wanted), about)

    text, off = "09:00-17:00", ["sat", "sun"]
    place = {"zone": zone, "country": country, "window": text, "off_days": off}
    comparison.ask({"ask": "day", "place": place, "days": [str(day) for day in days]}, check)
    gaps = (0, *(11,) * 440)
    walk(comparison, zone, clock, country, text, off, FIRST + 86400, gaps, allowed)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    began = time.monotonic()
    warnings.simplefilter("ignore")
    print(f"tzdata {tzdata.IANA_VERSION}, holidays {holidays.__version__}", flush=True)
    comparison, command = Comparison(), sys.argv[1:]
    zones = set()
    comparison.ask({"ask": "zones"}, zones.update)
    comparison.run(command)
    comparison.same("zone names", sorted(zones - NO_ZONES), sorted(zoneinfo.available_timezones() - NO_ZONES), "names")
    clocks = {name: clock_of(name) for name in sorted(zones - NO_ZONES)}
    for name, clock in clocks.items():
        comparison.counts["zones"] += 1
        comparison.counts["clock changes"] += len(clock.changes)
        edges(comparison, name, clock)
    comparison.run(command)

    places = dict(line.split("\t")[:3:2] for line in reversed(tab("zone.tab")))
    for country, parts in holidays.list_supported_countries(include_aliases=False).items():
        comparison.counts["countries"] += 1
        comparison.counts["parts of countries"] += len(parts)
        zone = places.get(country, "UTC")
        rests(comparison, country, parts, zone, clocks[zone])
    comparison.run(command)

    for kind, count in comparison.counts.items():
        print(f"{count:9,}  {kind}")
    print(f"{time.monotonic() - began:8.0f} s")
    if comparison.differences:
        sys.exit("\n".join(comparison.differences))


def tab(name):
    text = (resources.files("tzdata.zoneinfo") / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


if __name__ == "__main__":
    main()
