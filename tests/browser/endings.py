"""A day's overview, the keyboard, what others see, and leaving."""

import re
from pathlib import Path

from cast import SAM
from playwright.sync_api import expect
from town import ADMINISTRATOR


class Endings:
    """Steps at the end of a walk."""

    def step_today(self):
        self.open("/console")
        self.judge("today")

    def step_the_keyboard_is_enough(self):
        self.open("/console")
        self.page.keyboard.press("Tab")
        expect(self.page.get_by_role("link", name="To the content")).to_be_focused()
        self.page.keyboard.press("Enter")
        self.page.keyboard.press("Tab")
        inside = self.page.evaluate("() => document.querySelector('main').contains(document.activeElement)")
        assert inside, "the skip link leads into the page"

    def step_a_person_is_erased(self):
        self.open("/console/crm")
        self.page.get_by_role("link", name="Erase a person").click()
        self.page.get_by_label("Mail address").fill("carla@lenses.example")
        self.page.get_by_role("button", name="Look").click()
        expect(self.page.get_by_role("link", name="Carla Rossi")).to_be_visible()
        self.judge("erase")
        self.page.get_by_role("button", name="Erase it").click()
        expect(self.page.get_by_role("status")).to_contain_text("It has begun")
        self.until("/console/erase", "1 leads erased")
        self.open("/console/leads")
        expect(self.page.get_by_role("link", name="Carla Rossi")).to_have_count(0)

    def step_others_see_their_own(self):
        self.sign_in("Lena Vogt")
        expect(self.page.get_by_role("link", name="CRM Details")).to_have_count(0)
        self.open("/console/leads")
        expect(self.page.get_by_role("link", name="Bertrand Meyer")).to_be_visible()
        expect(self.page.get_by_role("link", name="Ada Lovelace")).to_have_count(0)
        assert self.open(f"/console/leads/{self.ada}").status == 404
        assert self.open("/console/crm").status == 403
        self.open("/console")
        self.judge("today-of-others")
        self.page.get_by_role("button", name="Sign out").click()
        expect(self.page.get_by_role("link", name="Sign in with Zoho")).to_be_visible()
        assert self.open("/console/leads").status == 401

    def step_clean_exit(self):
        self.sign_in(ADMINISTRATOR)
        self.town.assign(SAM, "Dora", "Maar", "Pictures SA")
        self.until("/console/leads", "Dora Maar")
        self.open("/console/leave")
        self.judge("leave")
        with self.page.expect_download() as export:
            self.page.get_by_role("link", name="everything as JSON lines").click()
        assert "Dora" in Path(export.value.path()).read_text(encoding="utf-8")
        self.page.get_by_label(re.compile("Clean exit")).check()
        self.page.get_by_role("button", name="Leave").click()
        expect(self.page.get_by_role("alert")).to_contain_text("Type the organisation's name")
        self.page.get_by_label(re.compile("Type the organisation's name")).fill("Acme Instruments")
        self.page.get_by_role("button", name="Leave").click()
        receipt = self.page.url
        self.judge("leaving")
        self.until(receipt, "Receipt")
        expect(self.page.get_by_text("Rows erased")).to_be_visible()
        self.judge("receipt")
        assert self.open("/console").status == 401
        owners = {lead["Owner"]["name"] for lead in self.town.state("records")["records"]["Leads"]}
        assert "Tara Quinn" not in owners, owners
