"""A saved run becomes the app's default and goes back, and a search is looked at, in a browser."""

import json
import shutil
from pathlib import Path

import optuna
import pytest
from playwright.sync_api import Page, expect

from emotion_ai.models.store import open_model
from emotion_ai.settings import ROOT
from emotion_ai.training import runs
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.search import searches
from emotion_ai.training.search.plan import Plan
from tests.browser.conftest import running_app, see, wait_until_drawn, wait_until_it_fits
from tests.support.second_model import noisy_copy


@pytest.fixture(scope="module")
def place(tmp_path_factory, drawn) -> Path:
    """The shipped expression model, a finished run, what it was saved as, and a search."""
    place = tmp_path_factory.mktemp("promotion")
    models = place / "models"
    shutil.copytree(ROOT / "models" / "expression", models / "expression")
    copy = noisy_copy(open_model(models, "expression"), models, "mine")
    (copy.folder / "card.json").write_text(json.dumps({**copy.card, "run": "first"}))
    faces = drawn("expression", 140, seed=5, into=place / "data")
    config = TrainingConfig.for_task("expression", (faces.name,), preset="demo", epochs=3)
    folder = runs.create_run(models / "runs", config.as_dict(), "first", state="finished")
    record = {"epoch": 1, "loss": 2.0, "validation_loss": 2.0, "validation_accuracy": 0.1}
    (folder / runs.METRICS).write_text(json.dumps(record) + "\n")
    (folder / runs.BEST).write_bytes(b"weights")
    plan = Plan(config, ("learning_rate", "erase"), 8)
    study = searches.open_study(
        searches.create_search(models / "searches", "rates", plan, [faces], models)
    )
    for i in range(7):
        values = {"learning_rate": 0.001 * (i + 1), "erase": 0.1 * i}
        told = searches.distributions(plan)
        study.add_trial(optuna.trial.create_trial(params=values, distributions=told, value=i / 10))
    return place


@pytest.fixture(scope="module")
def app_url(place):
    places = {"EMOTION_AI_MODELS": place / "models", "EMOTION_AI_CACHE": place / "cache"}
    with running_app(place, **places) as url:
        yield url


def test_saved_run_becomes_the_default_and_goes_back(page: Page, place):
    shipped, mine = (open_model(place / "models", name).digest for name in ("expression", "mine"))
    page.goto("/train?run=first")
    see(page.get_by_role("button", name="Make it the default"))
    wait_until_drawn(page)
    page.get_by_role("button", name="Make it the default").click()
    see(page.get_by_role("columnheader", name="measured on"))
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Make it the default").click()
    see(page.get_by_text("Saved as expression"))
    see(page.get_by_text("the app reads with it").first)
    assert open_model(place / "models", "expression").digest == mine
    wait_until_drawn(page)
    page.get_by_role("button", name="Go back").click()
    page.get_by_role("button", name="Go back to it").click()
    expect(page.get_by_text("Saved as expression")).to_have_count(0)
    wait_until_drawn(page)
    assert open_model(place / "models", "expression").digest == shipped


def test_search_is_linked_to_and_fits_a_phone(new_tab, app_url):
    page = new_tab(app_url, 390, 844)
    page.goto("/train?tab=Search&search=rates")
    see(page.get_by_text("7 of 8 trials"))
    expect(page.locator(".stPlotlyChart")).to_have_count(3)
    see(page.get_by_role("button", name="Start the best in full"))
    wait_until_it_fits(page, 390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
