"""A real browser: headless Chromium of the test's own, with an empty profile, through WebDriver."""

import os
import shutil
import tempfile

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from .process import BUILD

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage")
# WCAG 2.2 at levels A and AA: each is a tag of its own.
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
AXE = os.path.join(BUILD, "peer", "node_modules", "axe-core", "axe.min.js")


class Chromium:
    """with Chromium() as browser: ... scripts=False is a browser without JavaScript."""

    def __init__(self, scripts=True):
        self.profile = tempfile.mkdtemp(prefix="postinvite-chromium.", dir="/tmp")
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in (*FLAGS, "--user-data-dir=" + self.profile):
            options.add_argument(flag)
        options.set_capability("acceptInsecureCerts", True)
        # WebDriver turns the popup blocker off; people have it.
        options.add_experimental_option("excludeSwitches", ["disable-popup-blocking"])
        preferences = {"intl.accept_languages": "en"}
        if not scripts:
            preferences["profile.default_content_setting_values.javascript"] = 2
        options.add_experimental_option("prefs", preferences)
        try:
            self.driver = webdriver.Chrome(
                options=options, service=Service("/usr/bin/chromedriver"))
        except BaseException:
            self.remove()
            raise
        self.driver.set_page_load_timeout(30)
        self.driver.set_script_timeout(30)

    def remove(self):
        shutil.rmtree(self.profile, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.driver.quit()
        self.remove()

    def get(self, url):
        self.driver.get(url)

    def view(self, width, dark, height=900):
        """A window of that width whose user prefers light or dark."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def speak(self, language):
        """What its user reads, from the next page on."""
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", {
            "headers": {"Accept-Language": language}})

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def wait(self, what, condition, seconds=20):
        # Pages change places while they are looked at: what is found in one may be gone with the next, and the
        # driver has many names for that.
        return WebDriverWait(self.driver, seconds, ignored_exceptions=(WebDriverException,)).until(
            lambda driver: condition(), what)

    def follow(self, element):
        """Clicks on what leads to another page, and waits until that is there."""
        loaded = "return document.readyState === 'complete' && performance.timeOrigin"
        before = self.script(loaded)
        element.click()
        # While pages change places a question may find neither.
        WebDriverWait(self.driver, 20, ignored_exceptions=(WebDriverException,)).until(
            lambda driver: self.script(loaded) not in (False, before), "another page")

    def text(self):
        return self.one("body").text

    def status(self):
        """The step of the journey that the page shows; None where it does not wait for news."""
        return self.one("main").get_attribute("data-status")

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, wanted, limit=30):
        """Presses Tab until an element that `wanted` accepts has the focus; returns all that had it on the way."""
        passed = []
        for _ in range(limit):
            self.press(Keys.TAB)
            element = self.driver.switch_to.active_element
            passed.append(element)
            if wanted(element):
                return passed
        raise LookupError("Tab does not lead there, only to " + ", ".join(
            element.tag_name + " " + element.text for element in passed))

    def violations(self):
        """What axe-core finds wrong, a line each."""
        if not os.path.exists(AXE):
            pytest.skip("axe-core is not installed: npm's registry gave no packages (make peer)")
        with open(AXE) as file:
            self.script(file.read())
        found = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run(document, {runOnly: arguments[0]}).then(r => done(r.violations), done)",
            list(RULES))
        assert isinstance(found, list), found
        return ["%s: %s: %s" % (fault["id"], fault["help"], node["html"])
                for fault in found for node in fault["nodes"]]

    def scrolls_sideways(self):
        return self.script("return document.documentElement.scrollWidth > window.innerWidth")

    def screenshot(self, name):
        """The whole page, into build/screenshots."""
        size = self.script("return [window.innerWidth, document.documentElement.scrollHeight]")
        dark = self.script("return matchMedia('(prefers-color-scheme: dark)').matches")
        self.view(size[0], dark, size[1])
        self.screenshot_plain(name)
        self.view(size[0], dark)

    def screenshot_plain(self, name):
        """What the window shows; works without scripts."""
        folder = os.path.join(BUILD, "screenshots")
        os.makedirs(folder, exist_ok=True)
        self.driver.save_screenshot(os.path.join(folder, name + ".png"))
