"""MLflow's pages on a study: its report, named runs, the compare page with all that runs have, charts, search."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from orchestration.tracking.run_list import find_run_list
from tests.browser.chromium import Browser
from tests.orchestration.mlflow_store import Store

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")]

LARGE = (2200, 1300)


@pytest.fixture(scope="module")
def store(study) -> Store:
    return Store(study, study="small")


@pytest.fixture
def study_page(browser: Browser, mlflow_server: str, store: Store) -> Browser:
    """The page of the study's run."""
    browser.resize(*LARGE)
    run, experiment = store.parents[0].info.run_id, store.experiment.experiment_id
    browser.open(f"{mlflow_server}/#/experiments/{experiment}/runs/{run}?workflowType=machine_learning")
    browser.wait_for_text("Description", "confirm runs", "Child runs")
    return browser


def follow(browser: Browser, words: str) -> None:
    """Go where a link of the description leads; MLflow would open another window for it."""
    link = browser.driver.find_element(By.LINK_TEXT, words)
    assert link.is_displayed()
    browser.open(str(link.get_attribute("href")))


def metric_rows(browser: Browser) -> dict[str, list[str]]:
    """Metric -> values on the compare page, which holds only the rows that are in view: names left, values right."""
    cells: dict[float, dict[float, str]] = {}
    _, values = browser.wait_for("[role=grid]", least=2)
    for top in range(0, int(browser.run("return arguments[0].scrollHeight", values)), 150):
        browser.run("arguments[0].scrollTop = arguments[1]", values, top)
        time.sleep(0.1)
        shown = browser.run(
            """
            return [...document.querySelectorAll('[role=grid] div[style*="position: absolute"]')]
              .map((cell) => [parseFloat(cell.style.top), cell.getBoundingClientRect().left, cell.innerText.trim()]);
            """
        )
        for height, left, text in shown:
            cells.setdefault(height, {})[left] = text
    rows = [[row[left] for left in sorted(row)] for row in cells.values()]
    return {row[0]: row[1:] for row in rows}


def table_rows(browser: Browser) -> dict[str, list[str]]:
    """Name -> values of every row of the plain tables of a page."""
    rows = browser.run(
        """
        const words = (row) => [...row.cells].map((cell) => cell.innerText.trim());
        return [...document.querySelectorAll("table tr")].map(words);
        """
    )
    return {row[0]: row[1:] for row in rows if row}


def test_the_study_says_its_answer_and_links_its_report(study_page: Browser) -> None:
    study_page.wait_for_text("declared contrasts a difference is shown for both questions")
    study_page.shoot("mlflow-study")
    follow(study_page, "Report")
    study_page.wait_for_text("report.html", "report.md", "tables", "figures")
    study_page.driver.switch_to.frame(study_page.wait_for("iframe")[0])
    study_page.wait_for_text("Before you believe it", "Run it again")
    assert len(study_page.all("figure svg")) >= 8
    study_page.driver.switch_to.default_content()
    study_page.shoot("mlflow-report")


@pytest.mark.parametrize("way", ["printed", "by hand"])
def test_the_list_of_runs_shows_confirm_runs_at_once(
    way: str, browser: Browser, mlflow_server: str, store: Store, study: Path
) -> None:
    printed = find_run_list(study)
    assert printed is not None
    page = printed.address.partition("#")[2]
    browser.resize(*LARGE)
    browser.open(f"{mlflow_server}/#{page if way == 'printed' else page.partition('?')[0]}")
    confirm = [run for run in store.trials.values() if run.data.tags["stage"] == "confirm"]
    latest = max(confirm, key=lambda run: run.info.start_time)
    first = min(confirm, key=lambda run: str(run.info.run_name))
    words = browser.wait_for_text("matching runs", str((first if way == "printed" else latest).info.run_name))
    browser.shoot(f"mlflow-list-{way.replace(' ', '-')}")
    assert "search trials" in words
    if way == "printed":
        assert f"{len(confirm)} matching runs" in words
        assert all(column in words for column in ("test/mae", "valid_at_best_epoch/mae", "learning_rate"))


def test_a_run_of_a_moved_study_has_its_files(browser: Browser, mlflow_server: str, store: Store) -> None:
    run = next(run for run in store.trials.values() if run.data.tags["stage"] == "confirm")
    browser.resize(*LARGE)
    place = f"experiments/{store.experiment.experiment_id}/runs/{run.info.run_id}"
    browser.open(f"{mlflow_server}/#/{place}?workflowType=machine_learning")
    browser.wait_for_text(str(run.info.run_name), "test/mae", "valid_at_best_epoch/mae")
    browser.shoot("mlflow-run")
    browser.open(f"{mlflow_server}/#/{place}/artifacts?workflowType=machine_learning")
    browser.wait_for_text("record.json", "predictions.csv")
    browser.shoot("mlflow-run-files")


def test_the_confirm_runs_are_one_click_away_by_arm_and_fold(study_page: Browser, store: Store) -> None:
    confirm = [run for run in store.trials.values() if run.data.tags["stage"] == "confirm"]
    follow(study_page, "confirm runs")
    words = study_page.wait_for_text(f"{len(confirm)} matching runs", "Sort: Run Name")
    names = sorted(str(run.info.run_name) for run in confirm)
    assert names[0] in words
    places = [words.index(name) for name in names[:5]]
    assert places == sorted(places)
    study_page.shoot("mlflow-confirm-runs")


def test_charts_are_drawn_at_once(study_page: Browser) -> None:
    follow(study_page, "their charts")
    words = study_page.wait_for_text("(8)", "test/mae")
    # Of the sections, drawn as one scrolls down, the first; its count may stand on a line of its own.
    assert re.findall(r"(\S+)\s+\(\d+\)", words)[0] == "test"
    study_page.wait_for("g.barlayer g.point", least=10)
    study_page.shoot("mlflow-charts")


def test_the_compare_page_shows_names_parameters_metrics_and_tags(
    browser: Browser, mlflow_server: str, store: Store
) -> None:
    confirm = [run for run in store.trials.values() if run.data.tags["stage"] == "confirm"]
    arms = {run.data.tags["arm"]: run for run in confirm if run.data.params["seed"] == "1"}
    runs = [arms[arm] for arm in ("full", "no-ca", "only-fd")]
    ids, experiments = (
        quote(json.dumps(found)) for found in ([r.info.run_id for r in runs], [store.experiment.experiment_id])
    )
    browser.resize(*LARGE)
    browser.open(f"{mlflow_server}/#/compare-runs?runs={ids}&experiments={experiments}&workflowType=machine_learning")
    words = browser.wait_for_text("Comparing 3 Runs", *(str(run.info.run_name) for run in runs))
    # The picture at the top begins with the objective and not with some loss term.
    assert "valid/mae" in words.partition("Run details")[0]
    browser.shoot("mlflow-compare")
    rows, metrics = table_rows(browser), metric_rows(browser)
    assert rows["ca"] == ["True", "False", "False"]
    assert rows["learning_rate"] == [run.data.params["learning_rate"] for run in runs]
    assert {"lambda1", "width", "max_epochs", "seed", "model"} <= set(rows)
    for name in ("test/mae", "valid_at_best_epoch/mae", "valid/mae", "train/loss", "trial/duration_s"):
        shown = [float(value) for value in metrics[name]]
        assert shown == pytest.approx([run.data.metrics[name] for run in runs], rel=1e-3, abs=6e-4)
    assert rows["arm"] == ["full", "no-ca", "only-fd"]
    assert rows["stage"] == ["confirm"] * 3
    assert {"fold", "repeat", "status", "trial_id", "configuration_id", "best_epoch"} <= set(rows)
    browser.run("document.querySelectorAll('[role=grid]')[1].scrollIntoView({block: 'center'})")
    browser.shoot("mlflow-compare-metrics")


def test_search_finds_trials_by_metric_parameter_and_tag(study_page: Browser, store: Store) -> None:
    query = 'metrics.`test/mae` < 100 and params.ca = "False" and tags.arm = "no-ca"'
    found = store.client.search_runs([store.experiment.experiment_id], query)
    assert len(found) == 3 * 2
    follow(study_page, "confirm runs")
    study_page.wait_for_text("matching runs")
    box = study_page.driver.find_element(By.CSS_SELECTOR, "input[placeholder*='metrics.rmse']")
    box.send_keys(Keys.CONTROL, "a")
    box.send_keys(query)
    # The page looks at the query a moment after it was typed, and only then at Enter.
    time.sleep(1)
    box.send_keys(Keys.ENTER)
    words = study_page.wait_for_text(f"{len(found)} matching runs")
    assert all(str(run.info.run_name) in words for run in found)
    study_page.shoot("mlflow-search")
