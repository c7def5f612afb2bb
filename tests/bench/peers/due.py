"""B3's peer: outreach-desk sends what a person approved, within its window and under its cap.

Its own engine on its own tables, as it comes: `Engine.send_approved` over approved messages whose contacts are among
others who are not due, in one SQLite file (its default). Its mailer is replaced by one that does nothing.

    due.py FOLDER NOT_DUE DUE [memory]
"""

import json
import pathlib
import sys
import time
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

from outreach_desk.engine import Engine
from outreach_desk.models import Campaign, Contact, Enrollment, Message, Step, make_engine
from sqlalchemy import insert
from sqlmodel import Session, select

NOW = datetime(2026, 1, 12, 9, tzinfo=timezone.utc)


def main(folder, not_due, due, memory):
    database = pathlib.Path(folder) / "outreach.sqlite"
    database.unlink(missing_ok=True)
    engine = make_engine("sqlite://" if memory else f"sqlite:///{database}")
    with Session(engine) as session:
        campaign = Campaign(name="c", mode="sales", goal="Book a call", sender_name="Tara")
        session.add(campaign)
        session.commit()
        for position in range(7):
            session.add(Step(campaign_id=campaign.id, position=position, delay_days=7))
        session.commit()
        everyone = range(1, not_due + due + 1)
        for batch in (everyone[at : at + 50_000] for at in range(0, len(everyone), 50_000)):
            session.execute(insert(Contact), [
                {"id": n, "name": f"Person {n}", "email": f"person{n}@company{n // 3}.example", "company": "Acme"} for n in batch
            ])
            session.execute(insert(Enrollment), [
                {"id": n, "campaign_id": campaign.id, "contact_id": n,
                 "next_due_at": NOW + timedelta(days=30) if n <= not_due else None} for n in batch
            ])
        session.execute(insert(Message), [
            {"enrollment_id": n, "contact_id": n, "step": 0, "subject": "Hello", "body": "mail " * 60, "status": "approved"}
            for n in range(not_due + 1, not_due + due + 1)
        ])
        session.commit()
    settings = SimpleNamespace(
        can_send=True, send_window=(0, 24), daily_cap=due, from_name="Tara", from_address="tara@acme.example",
        postal_address="1 Example Street",
    )
    desk = Engine(settings, None, None, SimpleNamespace(send=lambda mail: None), None)
    with Session(engine) as session:
        began = time.perf_counter()
        sent = desk.send_approved(session, NOW)
        secs = time.perf_counter() - began
    with Session(engine) as session:
        stored = len(session.exec(select(Message.id).where(Message.status == "sent")).all())
    print(json.dumps({"not_due": not_due, "due": due, "sent": sent, "stored": stored, "secs": secs, "per_sec": sent / secs}))


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:] == ["memory"])
