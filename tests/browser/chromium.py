"""Debian's Chromium without a window, driven through Selenium: what the tests of pages look with."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, NARROW = (1300, 900), (420, 900)
PATIENCE_S = 60


@dataclass(frozen=True)
class Browser:
    """One window. screenshots: the folder where pictures go."""

    driver: Chrome
    screenshots: Path

    def reset(self) -> None:
        """An empty page of the usual size and theme; what was logged so far is dropped."""
        self.driver.get("about:blank")
        self.resize(*WIDE)
        self.prefer("light")
        for kind in ("performance", "browser"):
            self.driver.get_log(kind)

    def open(self, address: str) -> None:
        self.driver.get(address)

    def resize(self, width: int, height: int) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, scheme: Literal["light", "dark"]) -> None:
        """What the system asks pages for."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": features})

    def run(self, script: str, *arguments: Any) -> Any:
        """What a function body of JavaScript returns."""
        return self.driver.execute_script(script, *arguments)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def wait_for(self, selector: str, least: int = 1) -> list[WebElement]:
        """The elements, once there are so many of them."""
        try:
            WebDriverWait(self.driver, PATIENCE_S).until(lambda _: len(self.all(selector)) >= least)
        except Exception as error:
            self.shoot("failed")
            raise AssertionError(f"{len(self.all(selector))} of {least} there: {selector}") from error
        return self.all(selector)

    def wait_for_text(self, *texts: str) -> str:
        """The words of the page, once all of ``texts`` are among them."""
        words = ""

        def has_all(_: Any) -> bool:
            nonlocal words
            words = str(self.run("return document.body.innerText"))
            return all(text in words for text in texts)

        try:
            WebDriverWait(self.driver, PATIENCE_S).until(has_all)
        except Exception as error:
            self.shoot("failed")
            raise AssertionError(f"not shown: {[t for t in texts if t not in words]}; shown: {words[:3000]}") from error
        return words

    def requests(self) -> list[str]:
        """Every address that was asked for since the last :meth:`reset`."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(str(message["params"]["request"]["url"]))
        return [address for address in found if address != "about:blank"]

    def complaints(self) -> list[str]:
        """Errors and warnings on the console, broken security policies among them."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def prints(self) -> None:
        """Show the page as it is printed; :meth:`prefer` ends it."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})

    def shoot(self, name: str) -> None:
        """A picture of what is in view."""
        (self.screenshots / f"{name}.png").write_bytes(self.driver.get_screenshot_as_png())

    def shoot_whole(self, name: str, most_pixels: int = 16_000) -> None:
        """A picture of the page from its top to its end."""
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], most_pixels), "scale": 1}
        taken = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
        (self.screenshots / f"{name}.png").write_bytes(base64.b64decode(taken["data"]))

    def print(self, name: str) -> bytes:
        """The page as a PDF, which is also kept beside the pictures."""
        printed = base64.b64decode(self.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"])
        (self.screenshots / f"{name}.pdf").write_bytes(printed)
        return printed


@contextmanager
def open_browser(screenshots: Path) -> Iterator[Browser]:
    """A browser with a profile of its own, closed and forgotten afterwards."""
    with tempfile.TemporaryDirectory(prefix="chromium-") as profile:
        options = ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        driver = Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        try:
            yield Browser(driver, screenshots)
        finally:
            driver.quit()
