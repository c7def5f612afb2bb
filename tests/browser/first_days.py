"""The first visit, the first leads, and what is done with them."""

import re
import time

from cast import LENA, SAM
from playwright.sync_api import expect
from town import ADMINISTRATOR, ASSISTANT, eventually


class FirstDays:
    """Steps in which people find their way in."""

    def step_first_visit(self):
        assert self.open("/console").status == 401
        self.judge("sign-in")
        self.page.get_by_role("link", name="connect it").click()
        self.accept(ADMINISTRATOR)
        self.page.get_by_role("link", name="On to the console").click()
        self.until("/console/crm", "made in Leads, Contacts and Deals")
        expect(self.page.get_by_text("ASSISTANT_NOT_YET_CREATED")).to_be_visible()
        self.judge("first-steps")

    def step_an_assistant_is_created(self):
        self.page.get_by_role("link", name="Create an assistant").first.click()
        for label, text in [("Full name", "Tara Quinn"), ("Mail address", "tara"), ("Time zone", "Mars/Base"), ("From", "00:00"), ("Until", "23:59")]:
            self.page.get_by_label(label, exact=True).fill(text)
        self.page.locator("form[action$='assistants/new']").evaluate("form => form.noValidate = true")
        self.page.get_by_role("button", name="Create").click()
        # What is wrong is said at the fields, and what was typed is still there.
        expect(self.page.get_by_role("alert")).to_contain_text("Mars/Base")
        expect(self.page.get_by_label("Mail address")).to_have_attribute("aria-invalid", "true")
        expect(self.page.get_by_label("Full name")).to_have_value("Tara Quinn")
        self.judge("assistant-wrong")
        self.page.get_by_label("Mail address").fill(ASSISTANT)
        self.page.get_by_role("button", name="Create").click()
        expect(self.page.get_by_label("Time zone")).to_have_attribute("aria-invalid", "true")
        self.page.get_by_label("Time zone").fill("Europe/London")
        for day in ("Saturday", "Sunday"):
            self.page.get_by_label(day).uncheck()
        self.page.get_by_label("What its mails are about").fill("We help small manufacturers to quote faster.")
        self.page.get_by_role("button", name="Create").click()
        expect(self.page.get_by_role("status")).to_contain_text("Saved")
        self.until("/console/crm", "ASSISTANT_EXISTS_AS_USER_IN_CRM")
        self.page.get_by_role("button", name="Refresh").first.click()
        expect(self.page.get_by_role("status")).to_contain_text("Zoho is being looked at")

    def step_an_assigned_record_appears_within_five_seconds(self):
        self.ada = self.town.assign(SAM, "Ada", "Lovelace", "Engines Ltd", Phone="+44 20 7946 0018")
        began = time.monotonic()
        self.until("/console/leads", "Ada Lovelace")
        assert time.monotonic() - began < 5
        self.until("/console/crm", "ALL_WORKING_WELL")
        expect(self.page.get_by_text("First steps")).to_have_count(0)
        self.judge("crm-details")

    def step_search(self):
        self.bert = self.town.assign(LENA, "Bertrand", "Meyer", "Contracts SA")
        self.until("/console/leads", "Bertrand Meyer")
        for text, found in [("7946 0018", True), ("engines.example", True), ("LOVELACE", True), ("nobody", False)]:
            self.open("/console/leads")
            self.page.get_by_label("Name, company, mail address or phone").fill(text)
            self.page.get_by_role("button", name="Search").click()
            expect(self.page.get_by_role("link", name="Ada Lovelace")).to_have_count(1 if found else 0)
            expect(self.page.get_by_role("link", name="Bertrand Meyer")).to_have_count(0)
        self.open("/console/leads")
        self.judge("leads")

    def step_a_lead_is_added_by_hand(self):
        made = self.town.sim("records", {"module": "Leads", "as_user": SAM, "fields": {"First_Name": "Grace", "Last_Name": "Hopper", "Email": "grace@compilers.example", "Company": "Compilers Inc"}})
        self.open("/console/leads")
        self.page.get_by_role("link", name="Add a lead").click()
        self.page.get_by_label("Record in Zoho CRM").fill("grace@compilers.example")
        self.page.get_by_role("button", name="Look").click()
        expect(self.page.get_by_role("alert")).to_contain_text("its id, which is a number")
        self.page.get_by_label("Record in Zoho CRM").fill(f"https://crm.zoho.com/crm/tab/Leads/{made['id']}")
        self.judge("add-a-lead")
        self.page.get_by_role("button", name="Look").click()
        # The page looks again by itself.
        expect(self.page.get_by_role("heading", name="The first mails")).to_be_visible()
        expect(self.page.get_by_text("Sam Okafor")).to_be_visible()
        self.judge("foreseen")
        self.page.get_by_role("button", name="Give it to Tara Quinn").click()
        expect(self.page.get_by_role("status")).to_contain_text("has taken the record on")
        self.page.get_by_role("link", name="Grace Hopper").click()
        expect(self.page.get_by_role("heading", name="Grace Hopper", level=1)).to_be_visible()

    def step_reply_makes_hot_and_gives_back(self):
        self.until(f"/console/leads/{self.ada}", re.compile(r"^Mail: .*\(sent\)"))
        mail = self.town.mails_to("ada@engines.example")[0]
        self.town.reply(mail, "Yes, let's meet on Tuesday at ten!")
        self.until(f"/console/leads/{self.ada}", "Their answer")
        expect(self.page.locator("h1 + .tag")).to_have_text("Hot")
        self.judge("lead")
        self.page.get_by_text("Taken care of").click()
        self.page.get_by_role("button", name="No more reminders").click()
        expect(self.page.get_by_role("status")).to_be_visible()
        self.open("/console")
        expect(self.page.get_by_role("link", name="Ada Lovelace")).to_be_visible()

    def step_actions_say_what_is_wrong(self):
        self.open(f"/console/leads/{self.bert}")
        self.page.get_by_text("Write a note on the record").click()
        self.page.get_by_role("button", name="Write it").click()
        expect(self.page.get_by_role("alert")).to_contain_text("Write what it shall say")
        self.page.get_by_label("The note").fill("Met him at the fair. <b>Tall.</b>")
        self.page.get_by_role("button", name="Write it").click()
        expect(self.page.get_by_role("status")).to_be_visible()

    def step_many_at_once(self):
        self.open("/console/leads")
        self.page.get_by_label("Choose Bertrand Meyer").check()
        self.page.get_by_label("Do", exact=True).select_option(label="Stop the follow-up")
        self.page.get_by_role("button", name="Do it").click()
        expect(self.page.get_by_text("It is done.")).to_be_visible()
        self.judge("order")

    def step_a_draft_is_approved(self):
        self.open("/console/assistants")
        self.judge("assistants")
        self.page.get_by_role("link", name="Tara Quinn").click()
        self.page.get_by_label("Its mails wait for a person's approval").check()
        self.page.get_by_role("button", name="Save").click()
        self.judge("assistant")
        carla = self.town.assign(SAM, "Carla", "Rossi", "Lenses SpA")
        self.until(f"/console/leads/{carla}", "Waits for your approval")
        self.judge("approval")
        text = self.page.get_by_label("What will leave")
        whole = text.input_value()
        text.fill("No way out.")
        self.page.get_by_role("button", name="Approve").click()
        expect(self.page.get_by_role("alert")).to_contain_text("keep the link")
        self.page.get_by_label("What will leave").fill("Ciao Carla,\n\n" + whole)
        self.page.get_by_label("What will leave").press("Tab")
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("status")).to_contain_text("Approved")

    def step_an_approved_mail_leaves(self):
        mail = eventually(lambda: self.town.mails_to("carla@lenses.example"), "the approved mail")[0]
        assert "Ciao Carla," in mail.get_payload(decode=True).decode()

    def step_pause_and_go_on(self):
        self.open("/console/assistants/tara")
        self.page.get_by_label("Its mails wait for a person's approval").uncheck()
        self.page.get_by_role("button", name="Save").click()
        self.page.get_by_label("Send nothing before").fill("2099-01-01")
        self.page.get_by_role("button", name="Pause").click()
        expect(self.page.get_by_text("Paused", exact=True)).to_be_visible()
        self.page.get_by_role("button", name="Let it go on").click()
        expect(self.page.get_by_role("button", name="Pause")).to_be_visible()
