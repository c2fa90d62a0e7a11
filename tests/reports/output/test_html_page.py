"""report.html: one file that fetches nothing, runs nothing foreign, and shows what the Markdown says."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from reports.analysis import analyse
from reports.drawing.render import Drawing
from reports.output.html_page import render_page
from reports.output.inline_svg import inline_svg
from reports.output.side_by_side import put_side_by_side
from reports.output.write import report_files
from reports.records.study_description import StudyDescription
from tests.reports.example_studies import EDGES, TABLE3, failed, make_records, make_study

MEANS = dict(zip((*TABLE3, "control", "ridge"), (0.90, 0.91, 0.95, 0.96, 0.97, 1.0, 0.9, 0.93), strict=True))
FIGURE = Drawing("toy", "A toy", "One point & two <words>.", '<svg xmlns="http://www.w3.org/2000/svg"></svg>', b"")
FETCHING = {"src", "srcset", "href", "data", "poster", "action", "xlink:href", "background"}


class Elements(HTMLParser):
    """Start tags with their attributes, and the words outside of style and script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self._inside: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self._inside):
            self.words.append(data)

    def named(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page_of(study: StudyDescription) -> str:
    records = make_records(study, lambda arm: MEANS.get(arm, 0.9))
    records[0] = failed(records[0], "<img src=x onerror=alert(1)> ![y](https://example.org/y.png) diverged")
    return report_files(analyse(study, records))["report.html"].decode()


@pytest.fixture(scope="module")
def page() -> str:
    return page_of(make_study(tuple(MEANS), contrasts=EDGES))


@pytest.fixture(scope="module")
def hostile() -> str:
    study = make_study()
    label = (
        "<script>alert(1)</script> ![x](https://example.org/x.png) [l](javascript:alert(1)) \"'><svg onload=alert(1)>"
    )
    arms = (study.arms[0], replace(study.arms[1], label=label))
    contrasts = (replace(EDGES[1], isolates=label),)
    return page_of(replace(study, study="</title><script>alert(2)</script>", arms=arms, contrasts=contrasts))


def test_nothing_is_fetched(page: str) -> None:
    for tag, attributes in Elements(page).tags:
        # A link is followed when somebody asks for it.
        for name in FETCHING & set(attributes) - ({"href"} if tag == "a" else set()):
            assert attributes[name].startswith("#"), (tag, attributes)
    assert "@import" not in page
    assert re.findall(r"url\((?!#)", page) == []
    assert not {"link", "iframe", "object", "embed", "img", "base"} & {tag for tag, _ in Elements(page).tags}


@pytest.mark.parametrize("which", ["page", "hostile"])
def test_only_the_script_of_the_page_may_run(which: str, request: pytest.FixtureRequest) -> None:
    text = request.getfixturevalue(which)
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", text, flags=re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    (policy,) = [meta["content"] for meta in Elements(text).named("meta") if "http-equiv" in meta]
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_names_stay_text(hostile: str) -> None:
    elements = Elements(hostile)
    assert not [name for _, attributes in elements.tags for name in attributes if name.startswith("on")]
    assert len(elements.named("script")) == 1
    assert not elements.named("img")
    assert all(re.match(r"#|tables/(main_table|trials)\.\w+$", link["href"]) for link in elements.named("a"))
    words = " ".join(elements.words)
    assert "<script>alert(1)</script>" in words
    assert "<img src=x onerror=alert(1)>" in words


def test_every_figure_is_inside_with_title_and_description(page: str) -> None:
    elements = Elements(page)
    ids = {attributes["id"] for _, attributes in elements.tags if "id" in attributes}
    images = elements.named("svg")
    assert len(images) >= 2
    for image in images:
        assert image["role"] == "img"
        assert set(image["aria-labelledby"].split()) <= ids
    assert len(elements.named("figcaption")) == len(images)


def test_ids_are_unique_and_every_reference_has_its_target(page: str) -> None:
    elements = Elements(page)
    ids = [attributes["id"] for _, attributes in elements.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {attributes["href"] for _, attributes in elements.tags if "href" in attributes}
    targets = {link[1:] for link in links if link.startswith("#")}
    targets |= set(re.findall(r"url\(#([^)]+)\)", page))
    assert targets <= set(ids)


def test_a_link_that_leaves_the_page_leads_to_a_file_of_the_report() -> None:
    study = make_study()
    files = report_files(analyse(study, make_records(study, lambda arm: MEANS.get(arm, 0.9))))
    links = {link["href"] for link in Elements(files["report.html"].decode()).named("a")}
    outside = {link for link in links if not link.startswith("#")}
    assert outside
    assert outside <= files.keys()


def test_navigation_lists_every_section(page: str) -> None:
    links = [link["href"] for link in Elements(page).named("a")]
    for name in ("#ablation", "#contrasts", "#methods", "#cost", "#run-it-again"):
        assert name in links


def test_what_is_read_first_is_open_and_the_rest_is_folded_below_its_heading(page: str) -> None:
    folded = re.findall(r'<details>\n<summary><h2 id="([\w-]+)">', page)
    headings = re.findall(r'<h2 id="([\w-]+)">', page)
    opened = [name for name in headings if name not in folded]
    assert opened == ["main-table", "forest-plot", "before-you-believe-it", "left-out"]
    assert headings[:3] == opened[:3]
    assert {"ablation", "contrasts", "failures", "provenance"} <= set(folded)
    assert page.count("<details>") == page.count("</details>\n</section>") == len(folded)
    assert page.index("Asked:") < page.index("confirm runs completed") < page.index('id="main-table"')


def test_several_studies_side_by_side_are_not_folded() -> None:
    study = make_study()
    report = analyse(study, make_records(study, lambda arm: MEANS.get(arm, 0.9)))
    part = put_side_by_side([report, report])
    assert "<summary><h2" not in render_page("two", part.markdown, part.drawings, part.folded)


def test_the_smallest_text_of_a_figure_decides_how_narrow_it_gets() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 532.8 100"><text style="font: 9px x">a</text>'
        '<text style="font-size: 7.6px; fill: red">b</text></svg>'
    )
    # 10 pixels for what is 7.6 of 532.8 units high.
    assert "--least: 701px" in inline_svg(replace(FIGURE, svg=svg))


def test_a_figure_has_the_ground_of_the_page_so_that_the_shade_below_it_shows() -> None:
    """A figure that is wider than the window scrolls, and a shade at its edge says so: it lies behind the figure."""
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><g id="figure_1"><g id="patch_1">'
        '<path d="M 0 0" style="fill: #ffffff"/></g><g id="patch_2"><path d="M 1 1" style="fill: #ffffff"/></g></g>'
        "</svg>"
    )
    shown = inline_svg(replace(FIGURE, svg=drawn))
    assert 'd="M 0 0" style="fill: none"' in shown
    assert 'd="M 1 1" style="fill: var(--page)"' in shown


def test_a_column_that_only_counts_does_not_take_the_place_of_the_name() -> None:
    assert '<table class="numbered">' in render_page("T", "|  | Arm |\n| --- | --- |\n| 1 | full |\n", {})
    assert 'numbered">' not in render_page("T", "| Arm | n |\n| --- | --- |\n| full | 1 |\n", {})


def test_figures_follow_the_theme_and_the_files_do_not() -> None:
    study = make_study()
    files = report_files(analyse(study, make_records(study, lambda arm: MEANS.get(arm, 0.9))))
    page, svg = files["report.html"].decode(), files["figures/contrasts.svg"].decode()
    assert "#1b1f24" in svg
    assert "var(" not in svg
    inside = page[page.index("<svg") : page.index("</svg>")]
    assert "var(--ink)" in inside
    assert "#1b1f24" not in inside


def test_an_image_in_italics_below_becomes_a_figure_with_caption() -> None:
    markdown = "# T\n\n![alternative](figures/toy.svg)\n\n*How to read `it`.*\n\n![other](figures/absent.svg)\n"
    page = render_page("T", markdown, {"toy": FIGURE})
    assert "<figcaption>How to read it.</figcaption>" in page
    assert '<title id="toy-title">A toy</title>' in page
    assert "One point &amp; two &lt;words&gt;." in page
    assert "<p>other</p>" in page


def test_tables_scroll_in_a_box_and_keep_their_foot() -> None:
    markdown = "## Cost\n\n| Arm | time |\n| --- | ---: |\n| a | 1 s |\n| **total** | 1 s |\n"
    page = render_page("T", markdown, {})
    assert '<div class="table" role="region" tabindex="0" aria-label="Table: Cost"><table>' in page
    assert page.count('<tr class="foot">') == 1
    assert page.index('class="foot"') > page.index("1 s")
    assert "</table>\n</div>" in page


def test_a_verdict_cell_is_marked() -> None:
    page = render_page("T", "| v |\n| --- |\n| better here |\n| much better here |\n", {})
    assert '<td class="verdict better-here">better here</td>' in page
    assert "<td>much better here</td>" in page
