"""Walks through the console as people do, from the first visit on. Each step goes on where the one before it ended."""

import argparse
import io
import re
import sys
import time
import traceback
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect, sync_playwright
from town import ADMINISTRATOR, ASSISTANT, OneMachine, eventually

SAM = "sam@acme.example"
LENA = "lena@acme.example"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1120, "height": 720}
# The README's pictures: which page, on what, in which light.
SHOTS = {("today", "wide", "light"), ("lead", "wide", "light"), ("approval", "phone", "dark"), ("leads", "phone", "light")}


class Walk:
    def __init__(self, town, browser, axe, shots):
        self.town, self.browser, self.shots = town, browser, shots
        self.axe = Path(axe).read_text(encoding="utf-8")
        self.judged = 0
        self.visit()

    # What a step needs.

    def visit(self):
        """A browser that was never here. Nothing moves in it: a colour between the light and the dark one is nobody's to judge."""
        self.context = self.browser.new_context(viewport=DESK, base_url=self.town.product, reduced_motion="reduce")
        self.page = self.context.new_page()

    def open(self, path):
        answer = self.page.goto(path)
        assert answer.status < 500, f"{path}: {answer.status}"
        size = len(answer.body())
        assert size < 100_000, f"{path}: {size} bytes"
        return answer

    def judge(self, name):
        """Axe finds nothing serious on this page: in light and dark, wide and narrow; nothing is wider than the screen."""
        for scheme in ("light", "dark"):
            for size in (DESK, PHONE):
                self.page.emulate_media(color_scheme=scheme)
                self.page.set_viewport_size(size)
                # Run beside the page, whose own policy lets no script in.
                found = self.page.evaluate(f"async () => {{ {self.axe}; return await axe.run(document, {{resultTypes: ['violations']}}) }}")
                bad = [f"{it['id']}: {it['nodes'][0]['html']}" for it in found["violations"] if it["impact"] in ("serious", "critical")]
                assert not bad, f"{name}, {scheme}, {size['width']} wide: {bad}"
                wide = self.page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
                assert wide <= 0, f"{name}, {scheme}, {size['width']} wide: {wide} pixels stand out"
                if self.shots:
                    self.shoot(name, scheme, size)
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(DESK)
        self.judged += 1

    def shoot(self, name, scheme, size):
        kind = "phone" if size == PHONE else "wide"
        if (name, kind, scheme) in SHOTS:
            picture = Image.open(io.BytesIO(self.page.screenshot()))
            # A page has few colours.
            picture.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(self.shots / f"{name}.png", optimize=True)

    def accept(self, user):
        """Zoho's consent page: this user accepts."""
        select = self.page.locator("select[name=user]")
        value = select.locator("option").filter(has_text=user).first.get_attribute("value")
        select.select_option(value)
        self.page.locator("button[value=accept], input[value=accept]").first.click()

    def sign_in(self, user):
        self.context.close()
        self.visit()
        self.open("/console")
        self.page.get_by_role("link", name="Sign in with Zoho").click()
        self.accept(user)
        expect(self.page.get_by_role("heading", name="Today", level=1)).to_be_visible()

    def until(self, path, text):
        """Loads the page again until it says this."""
        def look():
            self.open(path)
            return self.page.get_by_text(text).count() > 0
        return eventually(look, f"{path} says {text!r}")

    # The steps.

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


def settle(arguments):
    """Where it is walked."""
    if not arguments.deployed:
        return OneMachine(arguments.binary)
    # It needs the deploy test's libraries.
    from cloud_town import Deployed

    return Deployed(arguments.binary)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("binary", "chromium", "axe"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--shots", type=Path)
    parser.add_argument("--deployed", action="store_true")
    arguments = parser.parse_args()
    if arguments.shots:
        arguments.shots.mkdir(parents=True, exist_ok=True)
    town = settle(arguments)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=arguments.chromium, args=["--no-sandbox"])
            walk = Walk(town, browser, arguments.axe, arguments.shots)
            steps = [name for name in Walk.__dict__ if name.startswith("step_") and name.removeprefix("step_") not in town.closed]
            for number, name in enumerate(steps, 1):
                began = time.monotonic()
                try:
                    getattr(walk, name)()
                except Exception:
                    traceback.print_exc()
                    walk.page.screenshot(path="target/browser-failure.png", full_page=True)
                    town.explain()
                    print(f"FAILED: {name.removeprefix('step_').replace('_', ' ')}; see target/browser-failure.png")
                    return 1
                print(f"{number}/{len(steps)} {name.removeprefix('step_').replace('_', ' ')}: {time.monotonic() - began:.1f} s", flush=True)
            for name, why in town.closed.items():
                print(f"not walked: {name.replace('_', ' ')}, for {why}")
            if not town.unharmed():
                return 1
            print(f"{len(steps)} steps, {walk.judged} pages judged by axe, none with a serious fault")
            return 0
    finally:
        town.stop()


if __name__ == "__main__":
    sys.exit(main())
