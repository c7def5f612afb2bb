"""B5's peer: the same lives with one call for each change, on Zoho's official Python SDK.

What ours does to a record in its life, by the calls that the SDK has for it: the record and its timeline are read when it
is assigned, a note and the status are written; before each mail the owner is looked at, for a mail must not leave once
somebody else has the record, and each mail is logged; at the end a note, the owner looked at, and the owner changed.
Prints how many credits the simulator counted.

    credits.py SIMULATOR-COMMAND... -- LEADS MAILS
"""

import datetime
import json
import pathlib
import subprocess
import sys
import urllib.request

sys.path.append(str(pathlib.Path(__file__).parents[2] / "zoho-sim/sdk"))
from session import UTC, Session, answer, choice, make, parameters, record, sdk  # noqa: E402


def live(lead, mails, leads, assistant, owner):
    """One lead's life; how many changes were made."""
    notes, log = sdk("notes.NotesOperations")(), sdk("associate_email.AssociateEmailOperations")()
    changes = 0

    def looks():
        assert answer(leads.get_record(lead), 200).get_data()[0].get_key_value("Owner").get_id() == assistant

    def writes(title):
        parent = make("notes.ParentId", id=lead, module=make("modules.MinifiedModule", api_name="Contacts"))
        note = make("notes.Note", note_title=title, note_content="What happened, and what to do next.", parent_id=parent)
        answer(notes.create_notes(make("notes.BodyWrapper", data=[note])), 201, "ActionWrapper")

    def sets(**fields):
        answer(leads.update_record(lead, make("record.BodyWrapper", data=[record(**fields)], trigger=[])), 200, "ActionWrapper")

    looks()
    query = parameters("timelines.GetTimelinesParam", per_page="200")
    answer(sdk("timelines.TimelinesOperations")().get_timelines("Contacts", str(lead), query), 200)
    writes("Follow-up begins")
    sets(Description="Cold")
    for mail in range(mails):
        looks()
        email = make(
            "associate_email.AssociateEmail", subject="Hello", content="Hi", sent=True, mail_format=choice("text"),
            to=[make("associate_email.To", user_name="P", email=f"p{lead}@company.example")],
            original_message_id=f"<{lead}.{mail}@mail.acme.example>",
            date_time=datetime.datetime(2026, 1, 15, 10, mail, tzinfo=UTC),
        )
        getattr(email, "set_from")(make("associate_email.From", user_name="Tara", email="tara@acme.example"))
        answer(log.associate(lead, "Contacts", make("associate_email.BodyWrapper", emails=[email])), 201, "ActionWrapper")
        changes += 1
    writes("Follow-up ended")
    looks()
    sets(Owner=make("users.MinifiedUser", id=owner))
    return changes + 4


def main(command, count, mails):
    simulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        ready = json.loads(simulator.stdout.readline())

        def spent():
            with urllib.request.urlopen(ready["base_url"] + "/_sim/state?only=credits_ever,calls") as state:
                return json.load(state)

        session = Session(ready)
        session.connects()
        session.reads_users()
        leads = sdk("record.RecordOperations")("Contacts")
        owner, ids = session.users["sam@acme.example"], []
        for number in range(count):
            made = record(Last_Name=f"Person {number}", Email=f"p{number}@company.example", Owner=make("users.MinifiedUser", id=session.assistant))
            body = answer(leads.create_records(make("record.BodyWrapper", data=[made])), 201, "ActionWrapper")
            ids.append(int(body.get_data()[0].get_details()["id"]))
        live(ids.pop(), mails, leads, session.assistant, owner)  # the SDK reads the modules' fields with the first of each
        before = spent()["credits_ever"]
        changes = sum(live(lead, mails, leads, session.assistant, owner) for lead in ids)
        after = spent()
        print(json.dumps({"leads": len(ids), "mails": mails, "changes": changes, "credits": after["credits_ever"] - before,
                          "credits_a_lead": (after["credits_ever"] - before) / len(ids), "calls": after["calls"]}))
    finally:
        simulator.terminate()
        simulator.wait()


at = sys.argv.index("--")
main(sys.argv[1:at], int(sys.argv[at + 1]) + 1, int(sys.argv[at + 2]))
