"""report.html as a reader has it: complete in one file, light and dark, wide and narrow, on paper, by keyboard."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from reports.output.html_page import render_page
from reports.text.rounding import ABSENT
from tests.browser.chromium import NARROW, Browser

pytestmark = pytest.mark.browser

CELLS = f"""\
# Cells

| Arm | mixed | p / Holm | time |
| --- | ----: | -------: | ---: |
| b | 34.0 (± 3.3, ± 11.5) | 0.19 / 1.00 | 2 min 25 s |
| a10 | {ABSENT} | <0.001 / 0.02 | 34 ms |
| a9 | -0.4 (-0.9 to +0.2) | 0.041 / 0.29 | 4 h 35 min |
| c | 9.1 of 8 | 0.001 / 1.00 | 20 s |
| **total** | 7 | {ABSENT} | 9 h |
"""


@pytest.fixture
def page(browser: Browser, study: Path) -> Browser:
    browser.open((study / "report.html").as_uri())
    return browser


@pytest.fixture
def unfolded(page: Browser) -> Browser:
    """The page with every section open, as its button opens them."""
    next(button for button in page.all("nav button") if button.text == "Unfold all sections").click()
    return page


def column(browser: Browser, heading: str, table: int = 0) -> list[str]:
    """The cells below a heading, top to bottom."""
    return browser.run(
        """
        const table = document.querySelectorAll("main table")[arguments[1]];
        const place = [...table.tHead.rows[0].cells].findIndex((cell) => cell.textContent.trim() === arguments[0]);
        return [...table.tBodies[0].rows].map((row) => row.cells[place].textContent.trim());
        """,
        heading,
        table,
    )


def press(browser: Browser, heading: str, key: str = Keys.ENTER) -> str | None:
    """Press a key on the button of a heading of the first table; how the column is sorted then."""
    button = next(found for found in browser.all("main th button") if found.text == heading)
    button.send_keys(key)
    return browser.run("return arguments[0].closest('th').ariaSort", button)


def color(browser: Browser, selector: str, name: str) -> tuple[int, ...]:
    value = browser.run("return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]", selector, name)
    return tuple(int(part) for part in re.findall(r"\d+", value)[:3])


def luminance(rgb: tuple[int, ...]) -> float:
    parts = [value / 255 for value in rgb]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_one_file_is_all_that_is_asked_for(page: Browser, study: Path) -> None:
    page.run("document.documentElement.scrollIntoView(false)")
    page.shoot("report-light")
    page.shoot_whole("report-light-whole")
    assert page.requests() == [(study / "report.html").as_uri()]
    assert page.complaints() == []


def test_the_first_screen_says_what_was_asked_and_which_components_matter(page: Browser) -> None:
    seen = page.run(
        """
        const top = (node) => node.getBoundingClientRect().top;
        const inView = (node) => top(node) >= 0 && top(node) < innerHeight;
        return [...document.querySelectorAll(".summary p, .summary li, #main-table")].filter(inView)
          .map((node) => node.textContent).join(" | ");
        """
    )
    assert seen.startswith("Asked: ")
    assert "declared contrasts a difference is shown for both questions" in seen
    for component in ("HeteroGD given CA", "CA given HeteroGD", "HomoGD", "FD"):
        assert component in seen
    assert seen.endswith("Main table")


def test_a_wide_table_may_have_the_free_margin_and_nothing_else_does(unfolded: Browser) -> None:
    margin, others, overflow = unfolded.run(
        """
        const right = (found) => found.getBoundingClientRect().right;
        const window_ = document.documentElement.clientWidth;
        return [
          Math.max(...[...document.querySelectorAll("main .table")].map((table) => window_ - right(table))),
          Math.max(...[...document.querySelectorAll(
            "section > :not(.table, details), section > details > :not(.table)"
          )].map((found) => found.clientWidth)),
          document.documentElement.scrollWidth - window_,
        ];
        """
    )
    assert margin <= 16
    assert others <= 66 * 16
    assert overflow <= 0


def test_every_figure_has_a_name_and_a_description_and_keeps_its_words_inside(unfolded: Browser) -> None:
    figures = unfolded.all("figure svg")
    assert len(figures) >= 8
    for figure in figures:
        assert figure.aria_role in ("image", "img")
        assert len(figure.accessible_name) > 60
        cut = unfolded.run(
            """
            const box = arguments[0].getBoundingClientRect();
            const isInside = (own) => own.left > box.left - 3 && own.right < box.right + 3
              && own.top > box.top - 3 && own.bottom < box.bottom + 3;
            return [...arguments[0].querySelectorAll("text")]
              .filter((text) => !isInside(text.getBoundingClientRect())).map((text) => text.textContent);
            """,
            figure,
        )
        assert cut == [], figure.accessible_name[:60]


def test_a_table_sorts_its_numbers_by_keyboard(page: Browser) -> None:
    heading = next(found.text for found in page.all("main th button") if found.text.startswith("MAE"))
    before = column(page, heading)
    assert press(page, heading) == "ascending"
    values = [float(cell.partition("±")[0]) for cell in column(page, heading)]
    assert values == sorted(values)
    assert len(values) >= 6
    assert press(page, heading, Keys.SPACE) == "descending"
    assert [float(cell.partition("±")[0]) for cell in column(page, heading)] == sorted(values, reverse=True)
    assert press(page, heading) is None
    assert column(page, heading) == before


def test_cells_sort_by_the_number_that_they_begin_with(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "cells.html").write_text(render_page("Cells", CELLS, {}))
    browser.open((tmp_path / "cells.html").as_uri())
    orders = {
        "mixed": ["-0.4 (-0.9 to +0.2)", "9.1 of 8", "34.0 (± 3.3, ± 11.5)", ABSENT, "7"],
        "p / Holm": ["<0.001 / 0.02", "0.001 / 1.00", "0.041 / 0.29", "0.19 / 1.00", ABSENT],
        "time": ["34 ms", "20 s", "2 min 25 s", "4 h 35 min", "9 h"],
        "Arm": ["a9", "a10", "b", "c", "total"],
    }
    for heading, order in orders.items():
        press(browser, heading)
        assert column(browser, heading) == order
    for _ in range(2):
        press(browser, "mixed")
    assert column(browser, "mixed") == ["34.0 (± 3.3, ± 11.5)", "9.1 of 8", "-0.4 (-0.9 to +0.2)", ABSENT, "7"]


def test_dark_follows_the_system_and_the_button_overrides_it(page: Browser) -> None:
    light = color(page, "body", "backgroundColor")
    page.prefer("dark")
    dark = color(page, "body", "backgroundColor")
    assert luminance(light) > 0.9
    assert luminance(dark) < 0.02
    for selector, name in (("main p", "color"), ("figure svg text", "fill"), ("th", "color"), ("nav a", "color")):
        assert contrast(color(page, selector, name), dark) >= 4.5, selector
    page.shoot("report-dark")
    page.shoot_whole("report-dark-whole")
    button = page.all("button.theme")[0]
    button.click()
    assert (button.text, color(page, "body", "backgroundColor")) == ("Theme: light", light)
    page.open(page.driver.current_url)
    assert page.all("button.theme")[0].text == "Theme: light"
    page.all("button.theme")[0].click()
    page.all("button.theme")[0].click()


def test_a_phone_shows_it_without_scrolling_sideways(page: Browser) -> None:
    page.resize(*NARROW)
    for scheme in ("light", "dark"):
        page.prefer(scheme)
        page.open(page.driver.current_url)
        page.shoot(f"report-narrow-{scheme}")
        page.shoot_whole(f"report-narrow-{scheme}-whole")
        assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    assert float(page.run("return parseFloat(getComputedStyle(document.querySelector('main p')).fontSize)")) >= 15


def test_on_a_phone_the_names_of_rows_stay_and_the_letters_of_figures_are_large_enough(page: Browser) -> None:
    page.resize(*NARROW)
    page.open(page.driver.current_url)
    page.run("for (const fold of document.querySelectorAll('main details')) fold.open = true")
    page.shoot_whole("report-narrow-unfolded")
    tables = page.run(
        """
        const left = (found) => found.getBoundingClientRect().left;
        return [...document.querySelectorAll(".table")].filter((box) => box.scrollWidth > box.clientWidth + 100)
          .map((box) => {
            box.scrollLeft = 100;
            const name = box.querySelector("td:nth-child(" + (box.querySelector(".numbered") ? 2 : 1) + ")");
            return [left(name) - left(box), name.getBoundingClientRect().width / box.clientWidth];
          });
        """
    )
    assert len(tables) >= 5
    for offset, share in tables:
        assert abs(offset) <= 1
        assert share < 0.6, "there is room for what is beside the name"
    letters = page.run(
        """
        const scale = (svg) => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
        return [...document.querySelectorAll("figure svg")].flatMap((svg) =>
          [...svg.querySelectorAll("text")].map((text) => parseFloat(getComputedStyle(text).fontSize) * scale(svg)));
        """
    )
    assert len(letters) > 100
    assert min(letters) >= 9.9


def test_navigation_leads_to_every_section_and_opens_it(page: Browser) -> None:
    links = page.all("nav a")
    assert len(links) >= 10
    closed = "return [...document.querySelectorAll('main details')].filter((fold) => !fold.open).length"
    assert page.run(closed) >= 8
    for link in links:
        link.click()
        target = page.run("return document.getElementById(arguments[0].hash.slice(1)).tagName", link)
        assert target == "H2"
    page.wait_for("main details[open]", least=8)
    assert page.run(closed) == 0


def test_an_address_opens_the_section_that_it_points_into(page: Browser) -> None:
    address, inner = page.run("return [location.href, document.querySelector('main details h3').id]")
    for anchor in (inner, "provenance"):
        page.open("about:blank")
        page.open(f"{address}#{anchor}")
        assert page.run("return document.getElementById(arguments[0]).closest('details').open", anchor)
        assert page.run("return document.querySelectorAll('main details[open]').length") == 1
        top = page.run("return document.getElementById(arguments[0]).getBoundingClientRect().top", anchor)
        assert 0 <= top < page.run("return innerHeight")


def test_it_prints_with_every_section(page: Browser) -> None:
    page.prints()
    heights = page.run(
        "return [...document.querySelectorAll('main details')].map((fold) => fold.getBoundingClientRect().height)"
    )
    assert len(heights) >= 8
    assert min(heights) > 60, "more than its heading"
    page.prefer("dark")
    printed = page.print("report")
    assert printed.startswith(b"%PDF")
    assert printed.count(b"/Type /Page\n") >= 8
    assert page.run("return document.querySelectorAll('main details[open]').length") == 0, "folded again"
