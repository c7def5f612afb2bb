"""Walks through the console as people do, from the first visit on. Each step goes on where the one before it ended."""

import argparse
import io
import sys
import time
import traceback
from pathlib import Path

from endings import Endings
from first_days import FirstDays
from PIL import Image
from playwright.sync_api import expect, sync_playwright
from settings import Settings
from town import OneMachine, eventually

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1120, "height": 720}
# The README's pictures: which page, on what, in which light.
SHOTS = {("today", "wide", "light"), ("lead", "wide", "light"), ("approval", "phone", "dark"), ("leads", "phone", "light")}


class Walk(FirstDays, Settings, Endings):
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
            steps = [name for part in Walk.__bases__ for name in vars(part) if name.startswith("step_") and name.removeprefix("step_") not in town.closed]
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
