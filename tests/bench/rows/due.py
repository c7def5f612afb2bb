"""B3: leads that are due become claimed, windowed, capped send intents."""

from table import Row, median

DECISIONS, IN_MEMORY, ON_DISK = 200_000, 2_500, 1_000
#: Flat: no more than this much slower with a hundred times as many leads that are not due.
FLAT = 1.15


def measure(bench):
    due = bench.size(50_000, 5_000)
    with bench.folder() as folder:
        yield from decisions(bench, folder, due)
    yield from claims(bench, due)


def decisions(bench, folder, due):
    found = bench.rounds_of({"decisions": lambda: bench.ours("decide", folder, "--due", due)})
    rate, decided = median(found["decisions"], "per_sec"), found["decisions"][0]["decided"]
    counted = {n: bench.instructions("decide", folder, "--due", n) for n in (1000, 3000)}
    each = f", {(counted[3000] - counted[1000]) / (2000 * decided / due):,.0f} instructions each" if counted[1000] else ""
    yield Row("B3", f"decisions alone, one core: {decided:,} about {due:,} due leads", f"{rate:,.0f}/s{each}",
              goal=f"≥ {DECISIONS:,}/s", met=rate >= DECISIONS)


def claims(bench, due):
    many, some = bench.size(1_000_000, 100_000), bench.size(100_000, 10_000)

    def in_memory(*options, not_due):
        def once():
            with bench.folder() as folder:
                return bench.ours("claim", folder, "--not-due", not_due, "--due", due, *options)
        return once

    def on_disk(*options, not_due, due=due):
        def once():
            with bench.folder() as folder:
                bench.filled(not_due, f"{folder}/table")
                return bench.ours("claim", folder, "--disk", "--filled", "--not-due", not_due, "--due", due, *options)
        return once

    def peer(*options, not_due):
        def once():
            with bench.folder() as folder:
                return bench.peer("due.py", folder, not_due, due, *options)
        return once

    # The peer's store is written anew in each round, which takes it minutes.
    found = bench.rounds_of({
        "disk": on_disk(not_due=many), "desk": peer(not_due=many),
        "memory": in_memory(not_due=some), "desk in memory": peer("memory", not_due=some),
        "sent": on_disk("--send", not_due=10_000),
    }, bench.size(3, 1))
    rate = {name: median(figures, "claims_per_sec" if "claims_per_sec" in figures[0] else "per_sec") for name, figures in found.items()}
    for name, desk, goal, where in (
        ("memory", "desk in memory", IN_MEMORY, f"{found['memory'][0]['not_due']:,} others, table in memory"),
        ("disk", "desk", ON_DISK, f"{many:,} others, every commit synced to disk"),
    ):
        yield Row("B3", f"{due:,} due leads claimed, windowed, capped, among {where}", f"{rate[name]:,.0f}/s",
                  f"outreach-desk {rate[desk]:,.0f}/s", f"{rate[name] / rate[desk]:.1f}×", f"≥ {goal:,}/s", rate[name] >= goal)
    yield Row("B3", "the same, sent and what became of it stored", f"{rate['sent']:,.0f}/s")
    sizes = bench.size((10_000, 100_000, 1_000_000), (1_000, 10_000, 100_000))
    flat = bench.rounds_of({f"{n} not due": on_disk(not_due=n, due=2_000) for n in sizes}, 3)
    secs = [median(flat[f"{n} not due"], "secs") for n in sizes]
    yield Row("B3", f"2,000 due among {', '.join(f'{n:,}' for n in sizes)} others: seconds",
              " · ".join(f"{s:.2f}" for s in secs), ratio=f"{secs[-1] / secs[0]:.2f}", goal=f"flat: ≤ {FLAT}", met=secs[-1] <= FLAT * secs[0])
