"""Schedules, failures, permissions and the other pages on which the work is looked after."""

import time

from cast import SAM
from playwright.sync_api import expect


class Settings:
    """Steps of whoever manages."""

    def step_schedules(self):
        self.open("/console/schedules")
        self.judge("schedules")
        self.page.get_by_role("link", name="Duplicate Recommended").click()
        self.page.get_by_label("Name", exact=True).fill("Trade fair")
        self.page.get_by_label("Text").first.fill("Dear {{ lead_fist_name }},")
        self.page.get_by_role("button", name="Save").click()
        expect(self.page.get_by_role("alert")).to_contain_text("unknown parameter lead_fist_name in line 1, column 9")
        self.page.get_by_label("Text").first.fill("Dear {{ lead_first_name }},\n\nwe met at the fair.")
        self.page.get_by_role("button", name="Preview").click()
        expect(self.page.get_by_text("Dear Ada,").first).to_be_visible()
        self.judge("schedule")
        self.page.get_by_role("button", name="Save").click()
        expect(self.page.get_by_role("link", name="Trade fair", exact=True)).to_be_visible()
        self.page.get_by_role("link", name="Trade fair", exact=True).click()
        self.page.get_by_text("Delete", exact=True).click()
        self.page.get_by_role("button", name="Delete it").click()
        expect(self.page.get_by_role("link", name="Trade fair", exact=True)).to_have_count(0)

    def step_a_mail_is_tried_out(self):
        self.open("/console/schedule?name=Recommended")
        self.page.get_by_role("button", name="Preview").click()
        with self.page.expect_popup() as opened:
            self.page.get_by_role("button", name="Send it to me as a test").first.click()
        expect(opened.value.get_by_role("status")).to_contain_text("The mail has left")
        opened.value.close()
        mail = self.town.mails_to("priya@acme.example")[0]
        assert mail["Subject"].startswith("[Test] ") and mail["List-Unsubscribe"] is None, mail

    def step_a_failure_is_tried_again(self):
        self.town.sim("faults", {"next": [{"method": "POST", "path_contains": "/Notes", "fault": "no_permission", "times": 1}]})
        self.failing = self.town.assign(SAM, "Emil", "Berliner", "Records GmbH")
        self.until("/console/failures", "permission denied")
        self.judge("failures")
        self.open("/console")
        expect(self.page.get_by_role("heading", name="Failures (1)")).to_be_visible()
        self.page.get_by_role("link", name="Settle or try again").click()
        self.page.get_by_role("button", name="Dismiss: ticked").click()
        expect(self.page.get_by_role("alert")).to_contain_text("Tick the failures")
        self.page.get_by_role("checkbox").first.check()
        self.page.get_by_role("button", name="Try again: ticked").click()
        expect(self.page.get_by_role("status")).to_contain_text("It is tried again now")
        self.until("/console/failures", "Nothing has failed")
        self.open("/console/history")
        expect(self.page.get_by_role("cell", name="to the CRM").first).to_be_visible()
        self.judge("history")

    def step_pause_and_resume(self):
        self.open("/console/crm")
        self.page.get_by_role("button", name="Pause").click()
        expect(self.page.get_by_role("status")).to_contain_text("Paused")
        late = self.town.assign(SAM, "Felix", "Klein", "Surfaces AG")
        time.sleep(1)
        assert self.open(f"/console/leads/{late}").status == 404, "nothing is read while it is paused"
        self.open("/console/crm")
        self.judge("paused")
        self.page.get_by_role("button", name="Resume").click()
        self.until("/console/leads", "Felix Klein")

    def step_an_order_is_undone(self):
        self.open("/console/leads")
        self.page.get_by_label("Choose Felix Klein").check()
        self.page.get_by_label("Do", exact=True).select_option(label="Stop the follow-up")
        self.page.get_by_role("button", name="Do it").click()
        self.page.get_by_role("button", name="Undo").click()
        expect(self.page.get_by_text("It is done.")).to_be_visible()
        expect(self.page.get_by_text("done to 1, refused for 0")).to_be_visible()

    def step_who_sees_what(self):
        self.open("/console/access")
        self.judge("access")
        self.page.get_by_label("Leads that Standard sees").select_option("all")
        self.page.get_by_role("button", name="Save").click()
        expect(self.page.get_by_role("status")).to_contain_text("Saved")
        self.page.get_by_label("Leads that Standard sees").select_option("own")
        self.page.get_by_label("act on them").last.check()
        self.page.get_by_role("button", name="Save").click()

    def step_a_token_is_shown_once(self):
        self.open("/console/tokens")
        self.page.get_by_label("Name", exact=True).fill("Our data warehouse")
        self.page.get_by_role("button", name="Make it").click()
        token = self.page.locator("#made").inner_text()
        self.judge("tokens")
        answer = self.town.api(token, "leads?q=lovelace")
        assert [lead["name"] for lead in answer["leads"]] == ["Ada Lovelace"], answer
        self.open("/console/tokens")
        expect(self.page.get_by_text(token)).to_have_count(0)
        self.page.get_by_role("button", name="Revoke Our data warehouse").click()
        expect(self.page.get_by_role("status")).to_contain_text("Revoked")

    def step_nurture_table(self):
        self.open("/console/nurture")
        self.page.get_by_label("Fact 1").fill("Lenses are ground twice.")
        self.page.get_by_label("Link 1").fill("https://acme.example/lenses")
        self.page.get_by_role("button", name="Save").click()
        expect(self.page.get_by_label("Fact 1")).to_have_value("Lenses are ground twice.")
        self.judge("nurture")

    def step_preflight(self):
        self.open("/console/pre-flight")
        self.page.get_by_label("Leads").fill("name,email,country\nAda,ada@example.com,DE\nBo,not an address,\n")
        self.page.get_by_role("button", name="Plan it").click()
        expect(self.page.get_by_text("line 3, email")).to_be_visible()
        expect(self.page.get_by_role("region", name="Mails").get_by_role("row")).to_have_count(8)
        self.judge("pre-flight")
