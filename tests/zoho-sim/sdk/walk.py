"""Calls every endpoint of a running simulator, wrongly too, and holds each request and each answer to Zoho's own schema:
no key the SDK does not know, no value of another type.

Give the simulator's ready line (JSON) as the argument or on standard input.
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request

import schema


class Walk:
    def __init__(self, ready):
        self.base = ready["base_url"]
        self.operations = schema.operations()
        self.passed, self.failures = 0, []
        form = {key: ready[key] for key in ("client_id", "client_secret", "refresh_token")}
        form = urllib.parse.urlencode({**form, "grant_type": "refresh_token"}).encode()
        with urllib.request.urlopen(self.base + "/oauth/v2/token", form) as response:
            self.token = json.load(response)["access_token"]

    def call(self, method, path, status, body=None, query=None):
        """Calls /crm/v8 + path, checks both directions, returns the decoded answer."""
        path = "/crm/v8" + path
        operation = schema.operation_for(self.operations, method, path)
        url = self.base + path + ("?" + urllib.parse.urlencode(query) if query else "")
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Zoho-oauthtoken {self.token}", "Content-Type": "application/json"}
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)) as response:
                got, text = response.status, response.read()
        except urllib.error.HTTPError as error:
            got, text = error.code, error.read()
        wrong = [] if got == status else [f"HTTP {got}, expected {status}: {text[:300]!r}"]
        answer = json.loads(text) if text else None
        if operation is None:
            wrong.append("no operation of the SDK has this path")
        else:
            _, _, request_class, response_class = operation
            if body is not None and request_class:
                wrong += [f"request {problem}" for problem in schema.problems(body, request_class)]
            if answer is not None:
                wrong += [f"answer {problem}" for problem in schema.problems(answer, response_class)]
            if (answer is None) != (got in (204, 304)):
                wrong.append("a body is there exactly when the status is neither 204 nor 304")
        if wrong:
            self.failures.append((method, path, wrong))
        self.passed += not wrong
        return answer


def metadata(walk):
    for path in ("/users", "/org", "/settings/modules", "/settings/modules/Leads", "/settings/roles", "/settings/profiles"):
        walk.call("GET", path, 200)
    for kind in ("ActiveConfirmedUsers", "AdminUsers", "CurrentUser", "NotConfirmedUsers", "DeactiveUsers"):
        walk.call("GET", "/users", 200, query={"type": kind})
    walk.call("GET", "/users", 204, query={"type": "DeletedUsers"})
    walk.call("GET", "/users", 400, query={"type": "Nobody"})
    walk.call("GET", "/users/actions/count", 200)
    walk.call("GET", "/settings/emails/actions/from_addresses", 200)
    walk.call("GET", "/Contacts/roles", 200)
    for module in ("Leads", "Contacts", "Accounts", "Deals", "Tasks", "Events", "Notes"):
        walk.call("GET", "/settings/fields", 200, query={"module": module})
        walk.call("GET", "/settings/related_lists", 200, query={"module": module})
        layout = walk.call("GET", "/settings/layouts", 200, query={"module": module})["layouts"][0]["id"]
        walk.call("GET", f"/settings/layouts/{layout}", 200, query={"module": module})
        walk.call("GET", "/settings/pipeline", 200 if module == "Deals" else 204, query={"layout_id": layout})
    walk.call("GET", "/settings/fields", 400)
    walk.call("GET", "/settings/fields", 400, query={"module": "Nothing"})


def fields(walk):
    of = {"module": "Leads"}
    new = [
        {"field_label": "Nurture step", "data_type": "integer", "length": 4},
        {"field_label": "Nurture summary", "data_type": "textarea", "length": 2000, "textarea": {"type": "small"}},
        {"field_label": "Nurture state", "data_type": "picklist",
         "pick_list_values": [{"display_value": "On", "actual_value": "on"}]},
    ]
    made = walk.call("POST", "/settings/fields", 201, {"fields": new}, of)["fields"]
    picklist = made[2]["details"]["id"]
    walk.call("GET", f"/settings/fields/{picklist}", 200, query=of)
    more = {"fields": [{"pick_list_values": [{"display_value": "Off", "actual_value": "off"}]}]}
    walk.call("PATCH", f"/settings/fields/{picklist}", 200, more, of)
    walk.call("POST", "/settings/fields", 207, {"fields": [new[0], {"field_label": "Other", "data_type": "text"}]}, of)
    walk.call("POST", "/settings/fields", 400, {"fields": [{"field_label": str(n), "data_type": "text"} for n in range(6)]}, of)
    walk.call("DELETE", f"/settings/fields/{picklist}", 200, query=of)


def records(walk):
    lead = {"Last_Name": "Boyle", "Email": "b@example.com", "Tag": [{"name": "nurture"}]}
    mixed = walk.call("POST", "/Leads", 207, {"data": [lead, {"First_Name": "No"}], "trigger": []})
    walk.call("POST", "/Leads", 201, {"data": [{"Last_Name": "Chen"}]})
    walk.call("POST", "/Leads", 400, {"data": [{"First_Name": "No"}]})
    walk.call("POST", "/Leads", 400, {"data": []})
    one = mixed["data"][0]["details"]["id"]
    walk.call("GET", f"/Leads/{one}", 200)
    walk.call("GET", "/Leads/1", 400)
    walk.call("GET", "/Leads", 400)
    walk.call("GET", "/Leads", 200, query={"fields": "Last_Name,Owner,Tag,Created_Time", "per_page": 1})
    walk.call("GET", "/Leads/actions/count", 200)
    walk.call("GET", "/Deals", 204, query={"fields": "Deal_Name"})
    walk.call("PUT", f"/Leads/{one}", 200, {"data": [{"Company": "Buyer"}]})
    walk.call("PUT", f"/Leads/{one}", 400, {"data": [{"Owner": {"id": "1"}}]})
    walk.call("PUT", "/Leads", 207, {"data": [{"id": one, "Company": "B"}, {"id": "1", "Company": "B"}]})
    walk.call("POST", "/Leads/upsert", 200, {"data": [lead], "duplicate_check_fields": ["Email"]})
    walk.call("POST", "/Tasks/upsert", 400, {"data": [{"Subject": "x"}]})
    for query in ({"criteria": "(Last_Name:equals:Boy)"}, {"email": "b@example.com"}, {"word": "boyle", "fields": "Last_Name"}):
        walk.call("GET", "/Leads/search", 200, query=query)
    walk.call("GET", "/Leads/search", 204, query={"email": "nobody@example.com"})
    walk.call("GET", "/Leads/search", 400, query={"criteria": "(Last_Name"})
    walk.call("GET", f"/Leads/{one}/__timeline", 200, query={"include_inner_details": "field_history.data_type"})
    walk.call("GET", "/Leads/deleted", 204, query={"type": "all"})
    return one


def queries(walk):
    def coql(text, status):
        walk.call("POST", "/coql", status, {"select_query": text})

    coql("select id, Last_Name, Owner, Created_Time from Leads where (Last_Name = 'Boyle' and Email is not null)", 200)
    coql("select id from Leads where Last_Name = 'nobody'", 204)
    coql("select id from Leads where a = 1 and b = 2 and c = 3", 400)
    coql("select Nothing from Leads where id is not null", 400)


def actions(walk, lead):
    users = {user["email"]: user["id"] for user in walk.call("GET", "/users", 200)["users"]}
    tara = {"id": users["tara@acme.example"]}
    walk.call("POST", f"/Leads/{lead}/actions/change_owner", 200, {"owner": tara, "notify": False})
    walk.call("POST", "/Leads/actions/change_owner", 207, {"owner": tara, "ids": [lead, "1"]})
    walk.call("POST", f"/Leads/{lead}/actions/change_owner", 400, {"owner": {"id": users["ivan@acme.example"]}})
    walk.call("POST", f"/Leads/{lead}/actions/add_tags", 200, {"tags": [{"name": "hot"}]})
    walk.call("POST", "/Leads/actions/add_tags", 207, {"tags": [{"name": "hot"}], "ids": [lead, "1"], "over_write": True})
    walk.call("POST", f"/Leads/{lead}/actions/remove_tags", 200, {"tags": [{"name": "hot"}]})
    walk.call("GET", f"/Leads/{lead}/__timeline", 200)


def notes(walk, lead):
    note = {"Note_Title": "Title", "Note_Content": "Content", "Parent_Id": {"module": {"api_name": "Leads"}, "id": lead}}
    made = walk.call("POST", "/Notes", 201, {"data": [note]})["data"][0]["details"]["id"]
    walk.call("POST", "/Notes", 400, {"data": [{"Note_Title": "Title"}]})
    walk.call("GET", "/Notes", 200, query={"fields": "Note_Title,Parent_Id"})
    walk.call("GET", f"/Notes/{made}", 200)
    walk.call("PUT", f"/Notes/{made}", 200, {"data": [{"Note_Title": "Other"}]})
    walk.call("POST", f"/Leads/{lead}/Notes", 201, {"data": [{"Note_Content": "Second"}]})
    walk.call("GET", f"/Leads/{lead}/Notes", 200, query={"fields": "Note_Title,Note_Content"})
    walk.call("GET", f"/Leads/{lead}/Notes", 400)
    walk.call("DELETE", f"/Notes/{made}", 200)
    walk.call("DELETE", "/Notes", 400, query={"ids": made})


def emails(walk, lead):
    email = {
        "from": {"user_name": "Tara", "email": "tara@acme.example"}, "to": [{"user_name": "Bo", "email": "b@example.com"}],
        "subject": "Hello", "content": "<p>Hi</p>", "mail_format": "html", "sent": True,
        "date_time": "2026-01-15T10:30:00+00:00", "original_message_id": "<a@acme.example>",
    }
    path = f"/Leads/{lead}/actions/associate_email"
    message = walk.call("POST", path, 201, {"Emails": [email]})["Emails"][0]["details"]["message_id"]
    walk.call("POST", path, 400, {"Emails": [email]})
    walk.call("POST", path, 207, {"Emails": [email, {**email, "original_message_id": "<b@acme.example>"}]})
    walk.call("GET", f"/Leads/{lead}/Emails", 200)
    walk.call("GET", f"/Leads/{lead}/Emails/{message}", 200)
    for wanted in ("<a@acme.example>", "<c@acme.example>"):
        walk.call("GET", "/actions/email_available", 200, query={"orginal_message_id": wanted})
    mail = {
        "from": {"user_name": "Priya", "email": "priya@acme.example"}, "to": [{"user_name": "Bo", "email": "b@example.com"}],
        "subject": "Hello", "content": "Hi", "mail_format": "text", "org_email": False,
    }
    walk.call("POST", f"/Leads/{lead}/actions/send_mail", 200, {"data": [mail]})
    stranger = {**mail, "from": {"user_name": "X", "email": "x@elsewhere.example"}}
    walk.call("POST", f"/Leads/{lead}/actions/send_mail", 400, {"data": [stranger]})


def channels(walk):
    fields = walk.call("GET", "/settings/fields", 200, query={"module": "Leads"})["fields"]
    owner = next({"api_name": "Owner", "id": field["id"]} for field in fields if field["api_name"] == "Owner")
    leads = walk.call("GET", "/settings/modules/Leads", 200)["modules"][0]
    condition = {
        "type": "field_selection", "module": {"api_name": "Leads", "id": leads["id"]}, "field_selection": {"field": owner},
    }
    channel = {
        "channel_id": "1000001", "events": ["Leads.all", "Contacts.edit"], "notify_url": "https://hook.example/z?tenant=7",
        "token": "secret", "notify_on_related_action": False, "notification_condition": [condition],
    }
    walk.call("POST", "/actions/watch", 201, {"watch": [channel]})
    walk.call("POST", "/actions/watch", 207, {"watch": [{**channel, "token": "x" * 51}, channel]})
    walk.call("POST", "/actions/watch", 400, {"watch": [{"events": ["Leads.all"]}]})
    walk.call("GET", "/actions/watch", 200, query={"channel_id": "1000001"})
    walk.call("PATCH", "/actions/watch", 200, {"watch": [{"channel_id": "1000001", "token": "new"}]})
    gone = {"channel_id": "1000001", "events": ["Contacts.edit"], "_delete_events": True}
    walk.call("PATCH", "/actions/watch", 200, {"watch": [gone]})
    walk.call("PUT", "/actions/watch", 200, {"watch": [channel]})
    walk.call("PUT", "/actions/watch", 400, {"watch": [{**channel, "channel_id": "2"}]})
    walk.call("DELETE", "/actions/watch", 200, query={"channel_ids": "1000001"})
    walk.call("DELETE", "/actions/watch", 400, query={"channel_ids": "1000001"})
    walk.call("GET", "/actions/watch", 204)


def related(walk):
    account = walk.call("POST", "/Accounts", 201, {"data": [{"Account_Name": "Buyer"}]})["data"][0]["details"]["id"]
    person = {"Last_Name": "Bo", "Account_Name": {"id": account}}
    contact = walk.call("POST", "/Contacts", 201, {"data": [person]})["data"][0]["details"]["id"]
    deal = {"Deal_Name": "Big", "Stage": "Qualification", "Contact_Name": {"id": contact}, "Closing_Date": "2026-12-01"}
    deal = walk.call("POST", "/Deals", 201, {"data": [deal]})["data"][0]["details"]["id"]
    walk.call("GET", f"/Contacts/{contact}/Deals", 200, query={"fields": "Deal_Name,Stage"})
    walk.call("GET", f"/Contacts/{contact}/Tasks", 204, query={"fields": "Subject"})
    walk.call("GET", f"/Contacts/{contact}/Nothing", 400, query={"fields": "Subject"})
    role = walk.call("GET", "/Contacts/roles", 200)["contact_roles"][0]
    chosen = {"data": [{"Contact_Role": {"id": role["id"], "name": role["name"]}}]}
    walk.call("PUT", f"/Deals/{deal}/Contact_Roles/{contact}", 200, chosen)
    walk.call("GET", f"/Deals/{deal}/Contact_Roles", 200, query={"fields": "Email"})
    walk.call("DELETE", f"/Deals/{deal}/Contact_Roles/{contact}", 200)
    meeting = {
        "Event_Title": "Intro", "Start_DateTime": "2026-12-01T10:00:00+01:00", "End_DateTime": "2026-12-01T10:30:00+01:00",
        "What_Id": {"id": deal}, "$se_module": "Deals", "Participants": [{"type": "contact", "participant": contact}],
    }
    meeting = walk.call("POST", "/Events", 201, {"data": [meeting]})["data"][0]["details"]["id"]
    walk.call("GET", f"/Events/{meeting}", 200)
    walk.call("GET", f"/Deals/{deal}", 200)


def deletions(walk, lead):
    walk.call("DELETE", f"/Leads/{lead}", 200)
    walk.call("DELETE", "/Leads", 400, query={"ids": "1"})
    walk.call("GET", f"/Leads/{lead}", 204)
    walk.call("GET", "/Leads/deleted", 200, query={"type": "all"})
    walk.call("GET", "/Leads/deleted", 400, query={"type": "some"})


def refusals(walk):
    walk.call("GET", "/Nothing", 400, query={"fields": "id"})
    good, walk.token = walk.token, "1000.made.up"
    walk.call("GET", "/org", 401)
    walk.call("POST", "/actions/watch", 401, {"watch": [{"channel_id": "1"}]})
    walk.call("POST", "/coql", 401, {"select_query": "select id from Leads where id is not null"})
    walk.token = good


def main():
    walk = Walk(json.loads(sys.argv[1] if len(sys.argv) > 1 else sys.stdin.readline()))
    metadata(walk)
    fields(walk)
    lead = records(walk)
    queries(walk)
    actions(walk, lead)
    notes(walk, lead)
    emails(walk, lead)
    channels(walk)
    related(walk)
    deletions(walk, lead)
    refusals(walk)
    for method, path, wrong in walk.failures:
        print(f"FAIL  {method} {path}")
        for line in wrong[:5]:
            print(f"      {line}")
    print(f"{walk.passed} passed, {len(walk.failures)} failed")
    return 1 if walk.failures else 0


if __name__ == "__main__":
    sys.exit(main())
