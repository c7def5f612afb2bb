"""A working day of Zoho's own Python SDK against a running simulator.

The SDK was written by others, against the real service, and refuses shapes it does not know. Each step asserts on what
the SDK made of the answer. Give the simulator's ready line (JSON) as the argument or on standard input.
"""

import datetime
import importlib
import json
import os
import sys
import tempfile
import traceback

API = "zohocrmsdk.src.com.zoho.crm.api"
UTC = datetime.timezone.utc


def sdk(path):
    """`notes.Note` -> the class."""
    package, name = path.rsplit(".", 1)
    return getattr(importlib.import_module(f"{API}.{package}"), name)


def make(path, **values):
    """An SDK object with its setters called."""
    made = sdk(path)()
    for name, value in values.items():
        getattr(made, f"set_{name}")(value)
    return made


def parameters(owner, **values):
    """Query parameters, checked by the SDK against its own list."""
    package, cls = owner.rsplit(".", 1)
    declared = getattr(importlib.import_module(f"{API}.{package}.{package}_operations"), cls)
    collected = importlib.import_module(f"{API}.parameter_map").ParameterMap()
    for name, value in values.items():
        collected.add(getattr(declared, name), value)
    return collected


def record(**fields):
    made = sdk("record.Record")()
    for name, value in fields.items():
        made.add_key_value(name, value)
    return made


def choice(value):
    return importlib.import_module(f"{API}.util.choice").Choice(value)


def plain(value):
    """The value inside a Choice."""
    return value.get_value() if hasattr(value, "get_value") and type(value).__name__ == "Choice" else value


def answer(response, status, wrapper="ResponseWrapper"):
    """The decoded body, once status and class are as expected."""
    assert response is not None, "the SDK returned nothing"
    got = response.get_status_code()
    body = response.get_object()
    assert got == status, f"HTTP {got}, expected {status}: {describe(body)}"
    if wrapper is None:
        return body
    assert type(body).__name__ == wrapper, f"decoded as {type(body).__name__}: {describe(body)}"
    return body


def describe(body):
    if type(body).__name__ == "APIException":
        return f"{plain(body.get_code())} {plain(body.get_message())} {body.get_details()}"
    return repr(body)


def single(items, cls="SuccessResponse"):
    assert len(items) == 1, f"{len(items)} items"
    assert type(items[0]).__name__ == cls, f"decoded as {type(items[0]).__name__}: {describe(items[0])}"
    return items[0]


class Session:
    """The steps, in order; later ones use what earlier ones found."""

    def __init__(self, ready):
        self.ready = ready

    def connects(self):
        data_center = importlib.import_module(f"{API}.dc").DataCenter
        authenticator = "zohocrmsdk.src.com.zoho.api.authenticator"
        token = importlib.import_module(authenticator).OAuthToken
        store = importlib.import_module(f"{authenticator}.store").FileStore
        initializer = importlib.import_module(f"{API}.initializer").Initializer
        config = importlib.import_module(f"{API}.sdk_config").SDKConfig
        base = self.ready["base_url"]
        folder = tempfile.mkdtemp()
        initializer.initialize(
            environment=data_center.Environment(base, base + "/oauth/v2/token", base),
            token=token(
                client_id=self.ready["client_id"],
                client_secret=self.ready["client_secret"],
                refresh_token=self.ready["refresh_token"],
            ),
            store=store(os.path.join(folder, "tokens.txt")),
            sdk_config=config(auto_refresh_fields=False, pick_list_validation=False),
            resource_path=folder,
        )

    def reads_users(self):
        operations = sdk("users.UsersOperations")()
        body = answer(operations.get_users(parameters("users.GetUsersParam", type="ActiveConfirmedUsers")), 200)
        users = {user.get_email(): user for user in body.get_users()}
        assert all(user.get_confirm() and user.get_status() == "active" for user in users.values())
        self.users = {email: user.get_id() for email, user in users.items()}
        self.assistant = self.users["tara@acme.example"]
        me = answer(operations.get_users(parameters("users.GetUsersParam", type="CurrentUser")), 200).get_users()
        assert me[0].get_profile().get_name() == "Administrator"
        self.me = me[0].get_id()

    def reads_org(self):
        org = answer(sdk("org.OrgOperations")().get_organization(), 200).get_org()[0]
        assert org.get_zgid() == self.ready["org_id"], org.get_zgid()

    def reads_metadata(self):
        modules = answer(sdk("modules.ModulesOperations")().get_modules(), 200).get_modules()
        assert {"Leads", "Contacts", "Deals", "Notes"} <= {module.get_api_name() for module in modules}
        layouts = sdk("layouts.LayoutsOperations")()
        layout = answer(layouts.get_layouts(parameters("layouts.GetLayoutsParam", module="Deals")), 200).get_layouts()[0]
        pipeline = answer(sdk("pipeline.PipelineOperations")(layout.get_id()).get_pipelines(), 200).get_pipeline()[0]
        assert {"Open", "Closed Won", "Closed Lost"} == {stage.get_forecast_type() for stage in pipeline.get_maps()}
        assert answer(sdk("roles.RolesOperations")().get_roles(), 200).get_roles()
        assert answer(sdk("profiles.ProfilesOperations")().get_profiles(), 200).get_profiles()
        lists = sdk("related_lists.RelatedListsOperations")()
        lists = answer(lists.get_related_lists(parameters("related_lists.GetRelatedListsParam", module="Contacts")), 200)
        assert "Deals" in {one.get_api_name() for one in lists.get_related_lists()}
        addresses = answer(sdk("from_addresses.FromAddressesOperations")().get_from_addresses(), 200)
        assert any(address.get_email() == "priya@acme.example" for address in addresses.get_from_addresses())

    def creates_a_field(self):
        operations = sdk("fields.FieldsOperations")()
        of_leads = parameters("fields.CreateFieldParam", module="Leads")
        values = [make("fields.PickListValue", display_value=v, actual_value=v) for v in ("Cold", "Warm", "Hot")]
        field = make("fields.Fields", field_label="TEC Status", data_type="picklist", pick_list_values=values)
        request = make("fields.BodyWrapper", fields=[field])
        created = single(answer(operations.create_field(request, of_leads), 201, "ActionWrapper").get_fields())
        wanted = str(created.get_details()["id"])
        listed = answer(operations.get_fields(parameters("fields.GetFieldsParam", module="Leads")), 200).get_fields()
        found = [field for field in listed if str(field.get_id()) == wanted]
        assert found and found[0].get_api_name() == "TEC_Status", "the new field is not listed"
        assert [value.get_actual_value() for value in found[0].get_pick_list_values()] == ["Cold", "Warm", "Hot"]
        again = operations.create_field(request, of_leads)
        refused = single(answer(again, 400, "ActionWrapper").get_fields(), "APIException")
        assert plain(refused.get_code()) == "DUPLICATE_DATA"

    def creates_records(self):
        self.leads = sdk("record.RecordOperations")("Leads")
        data = [record(Last_Name="Boyle", Email="boyle@buyer.example"), record(Last_Name="Chen", First_Name="Mei")]
        body = answer(self.leads.create_records(make("record.BodyWrapper", data=data)), 201, "ActionWrapper")
        created = body.get_data()
        assert [plain(item.get_message()) for item in created] == ["record added"] * 2
        self.lead, self.other = (int(item.get_details()["id"]) for item in created)

    def is_told_what_is_missing(self):
        # The SDK would stop the mandatory field itself, so this goes wrong by a bad address.
        data = [record(Last_Name="Good"), record(Last_Name="Bad", Email="not an address")]
        body = answer(self.leads.create_records(make("record.BodyWrapper", data=data)), 207, "ActionWrapper")
        good, bad = body.get_data()
        assert type(good).__name__ == "SuccessResponse" and type(bad).__name__ == "APIException"
        assert plain(bad.get_code()) == "INVALID_DATA" and bad.get_details()["api_name"] == "Email"

    def gets_a_record(self):
        lead = answer(self.leads.get_record(self.lead), 200).get_data()[0]
        assert lead.get_key_value("Last_Name") == "Boyle"
        assert lead.get_key_value("Owner").get_id() == self.me
        assert lead.get_created_time().tzinfo is not None

    def lists_records(self):
        query = parameters("record.GetRecordsParam", fields="Last_Name,Email", per_page=1)
        body = answer(self.leads.get_records(query), 200)
        assert len(body.get_data()) == 1 and body.get_info().get_more_records() is True
        assert body.get_info().get_next_page_token()

    def updates_a_record(self):
        request = make("record.BodyWrapper", data=[record(Company="Buyer Ltd")], trigger=[])
        single(answer(self.leads.update_record(self.lead, request), 200, "ActionWrapper").get_data())
        assert answer(self.leads.get_record(self.lead), 200).get_data()[0].get_key_value("Company") == "Buyer Ltd"

    def upserts_a_record(self):
        data = [record(Last_Name="Boyle-Smith", Email="boyle@buyer.example")]
        request = make("record.BodyWrapper", data=data, duplicate_check_fields=["Email"])
        done = single(answer(self.leads.upsert_records(request), 200, "ActionWrapper").get_data())
        assert plain(done.get_action()) == "update" and done.get_duplicate_field() == "Email"
        assert int(done.get_details()["id"]) == self.lead

    def queries_by_coql(self):
        query = "select id, Last_Name, Owner from Leads where (Email = 'boyle@buyer.example' and Last_Name is not null)"
        body = answer(sdk("coql.CoqlOperations")().get_records(make("coql.BodyWrapper", select_query=query)), 200)
        row = body.get_data()
        assert len(row) == 1 and row[0].get_id() == self.lead and body.get_info().get_count() == 1
        wrong = "select id from Leads where Last_Name = 'a' and Last_Name = 'b' and Last_Name = 'c'"
        refused = sdk("coql.CoqlOperations")().get_records(make("coql.BodyWrapper", select_query=wrong))
        assert plain(answer(refused, 400, "APIException").get_code()) == "SYNTAX_ERROR"

    def searches(self):
        query = parameters("record.SearchRecordsParam", email="boyle@buyer.example", fields="Last_Name")
        assert answer(self.leads.search_records(query), 200).get_data()[0].get_id() == self.lead
        nobody = parameters("record.SearchRecordsParam", email="nobody@buyer.example")
        answer(self.leads.search_records(nobody), 204, None)

    def writes_a_note(self):
        operations = sdk("notes.NotesOperations")()
        parent = make("notes.ParentId", id=self.lead, module=make("modules.MinifiedModule", api_name="Leads"))
        note = make("notes.Note", note_title="Nurture started", note_content="First mail goes out", parent_id=parent)
        done = single(answer(operations.create_notes(make("notes.BodyWrapper", data=[note])), 201, "ActionWrapper").get_data())
        found = answer(operations.get_note(int(done.get_details()["id"])), 200).get_data()[0]
        assert found.get_parent_id().get_id() == self.lead
        assert found.get_parent_id().get_module().get_api_name() == "Leads"

    def associates_an_email_once(self):
        address = make("associate_email.To", user_name="Bo", email="boyle@buyer.example")
        email = make(
            "associate_email.AssociateEmail",
            to=[address], subject="Hello", content="<p>Hi</p>", sent=True, mail_format=choice("html"),
            original_message_id="<first@mail.acme.example>", date_time=datetime.datetime(2026, 1, 15, 10, 30, tzinfo=UTC),
        )
        getattr(email, "set_from")(make("associate_email.From", user_name="Tara", email="tara@acme.example"))
        request = make("associate_email.BodyWrapper", emails=[email])
        operations = sdk("associate_email.AssociateEmailOperations")()
        done = single(answer(operations.associate(self.lead, "Leads", request), 201, "ActionWrapper").get_emails())
        message = done.get_details()["message_id"]
        again = operations.associate(self.lead, "Leads", request)
        refused = single(answer(again, 400, "ActionWrapper").get_emails(), "APIException")
        assert plain(refused.get_code()) == "DUPLICATE_DATA"
        related = sdk("email_related_records.EmailRelatedRecordsOperations")(self.lead, "Leads")
        listed = answer(related.get_emails_related_records(), 200).get_emails()
        assert [email.get_message_id() for email in listed] == [message] and listed[0].get_sent() is True
        whole = answer(related.get_emails_related_record(message), 200).get_emails()[0]
        assert whole.get_content() == "<p>Hi</p>"

    def sends_a_mail(self):
        to = make("send_mail.To", user_name="Bo", email="boyle@buyer.example")
        mail = make("send_mail.Data", to=[to], subject="Hello again", content="Hi", mail_format=choice("text"))
        getattr(mail, "set_from")(make("send_mail.From", user_name="Priya", email="priya@acme.example"))
        operations = sdk("send_mail.SendMailOperations")(self.lead, "Leads")
        done = answer(operations.send_mail(make("send_mail.BodyWrapper", data=[mail])), 200, "ActionWrapper")
        assert single(done.get_data()).get_details()["message_id"]

    def watches(self):
        operations = sdk("notifications.NotificationsOperations")()
        expiry = (datetime.datetime.now(UTC) + datetime.timedelta(days=6)).replace(microsecond=0)

        def channel(**values):
            return make("notifications.BodyWrapper", watch=[make("notifications.Notification", channel_id="1000001", **values)])

        opened = channel(
            events=["Leads.edit", "Leads.create"], notify_url="https://hook.example/z?tenant=7", token="secret",
            channel_expiry=expiry, notify_on_related_action=False, return_affected_field_values=True,
        )
        done = single(answer(operations.enable_notifications(opened), 201, "ActionWrapper").get_watch())
        events = done.get_details()["events"]
        assert len(events) == 1 and events[0].get_channel_expiry() == expiry, events
        changed = answer(operations.update_notification(channel(token="changed")), 200, "ActionWrapper")
        assert "updated" in plain(single(changed.get_watch()).get_message())
        query = parameters("notifications.GetNotificationsParam", channel_id=1000001)
        listed = answer(operations.get_notifications(query), 200).get_watch()
        assert len(listed) == 1 and listed[0].get_token() == "changed" and listed[0].get_resource_name() == "Leads"
        closing = parameters("notifications.DeleteNotificationParam", channel_ids="1000001")
        answer(operations.delete_notification(closing), 200, "ActionWrapper")
        answer(operations.get_notifications(query), 204, None)
        late = answer(operations.update_notification(channel(token="late")), 400, "ActionWrapper")
        assert plain(single(late.get_watch(), "APIException").get_code()) == "NOT_SUBSCRIBED"

    def changes_the_owner(self):
        operations = sdk("change_owner.ChangeOwnerOperations")("Leads")
        request = make("change_owner.BodyWrapper", owner=make("change_owner.Owner", id=self.assistant), notify=False)
        single(answer(operations.single_update(self.lead, request), 200, "ActionWrapper").get_data())
        everyone = make("change_owner.MassWrapper", owner=make("change_owner.Owner", id=self.me), ids=[self.lead, self.other])
        body = answer(operations.mass_update(everyone), 200, "ActionWrapper")
        assert len(body.get_data()) == 2

    def reads_the_timeline(self):
        body = answer(sdk("timelines.TimelinesOperations")().get_timelines("Leads", str(self.lead)), 200)
        entries = body.get_timeline()
        assert all(entry.get_audited_time().tzinfo is not None for entry in entries)
        changes = [field for entry in entries for field in entry.get_field_history() or []]
        owners = [field.get_value() for field in changes if field.get_api_name() == "Owner"]
        assert [(owner.get_old(), owner.get_new()) for owner in owners] == [
            ("Tara Quinn", "Priya Nair"), ("Priya Nair", "Tara Quinn"),
        ], "newest first"

    def tags(self):
        operations = sdk("tags.TagsOperations")()
        request = make("tags.NewTagRequestWrapper", tags=[make("tags.Tag", name="nurture")])
        body = answer(operations.add_tags("Leads", self.lead, request), 200, "RecordActionWrapper")
        single(body.get_data(), "RecordSuccessResponse")
        assert body.get_success_count() == "1"
        lead = answer(self.leads.get_record(self.lead), 200).get_data()[0]
        assert [tag.get_name() for tag in lead.get_tag()] == ["nurture"]

    def deletes(self):
        single(answer(self.leads.delete_record(self.other), 200, "ActionWrapper").get_data())
        answer(self.leads.get_record(self.other), 204, None)
        gone = answer(self.leads.get_deleted_records(parameters("record.GetDeletedRecordsParam", type="recycle")), 200, None)
        assert [entry.get_id() for entry in gone.get_data()] == [self.other]


def main():
    ready = json.loads(sys.argv[1] if len(sys.argv) > 1 else sys.stdin.readline())
    session = Session(ready)
    steps = [name for name, member in vars(Session).items() if callable(member) and not name.startswith("_")]
    failed = 0
    for step in steps:
        try:
            getattr(session, step)()
            print(f"ok    {step.replace('_', ' ')}")
        except Exception as error:
            failed += 1
            shown = error if str(error) and isinstance(error, AssertionError) else traceback.format_exc()
            print(f"FAIL  {step.replace('_', ' ')}: {shown}")
    print(f"{len(steps) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
