"""Two Learn chapters as a class meets them: a link, a slider, a film that plays."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import see, wait_until_drawn, wait_until_it_fits


def moment(page: Page):
    """The film's slider, which says of the frame that is shown what it is."""
    return page.get_by_role("slider", name="Moment of the film")


def open_chapter(page: Page, chapter: str, **query: str) -> None:
    address = "&".join(f"{name}={value}" for name, value in {"chapter": chapter, **query}.items())
    page.goto(f"/learn?{address}")
    see(page.locator(".js-plotly-plot .main-svg").first)
    see(moment(page))
    wait_until_drawn(page)


def test_tile_opens_its_chapter_and_the_ways_on_lead_further_and_back(page):
    page.goto("/learn")
    tile = page.locator(".st-key-tile_neuron")
    see(tile.get_by_role("button"))
    wait_until_drawn(page)
    tile.click(position={"x": 60, "y": 30})  # on its picture: the whole tile is the button
    see(page.get_by_role("heading", name="1 · A neuron"))
    page.wait_for_url("**chapter=neuron")
    wait_until_drawn(page)
    page.get_by_role("button", name="Layers").click()
    see(page.get_by_role("heading", name="2 · Layers"))
    page.wait_for_url("**chapter=layers")
    wait_until_drawn(page)
    page.go_back()
    see(page.get_by_role("heading", name="1 · A neuron"))
    wait_until_drawn(page)
    page.get_by_role("button", name="All chapters").click()
    see(page.locator(".st-key-tile_limits"))


def test_neuron_learns_while_the_film_plays_and_its_slider_is_in_the_address(page):
    open_chapter(page, "neuron")
    expect(moment(page)).to_have_attribute("aria-valuetext", re.compile("^step 0: "))
    play = page.get_by_role("button", name="Play")
    play.focus()
    play.press("Enter")
    expect(moment(page)).to_have_attribute("aria-valuetext", re.compile("^step 30: .*: 69 of 70"))
    see(page.get_by_text("After 30 steps of its own, 69 of 70"))
    page.wait_for_url("**moment=15**")
    wait_until_drawn(page)
    slider = page.get_by_role("slider", name="Bias (b)")
    slider.focus()
    slider.press("ArrowRight")
    see(page.get_by_text("0.10", exact=True))
    page.wait_for_url("**neuron_bias=0.1**")
    expect(moment(page)).to_have_attribute("aria-valuetext", re.compile("^step 0: "))


def test_a_shared_link_shows_gradient_descent_diverging(page):
    open_chapter(page, "descent", descent_rate="0.6")
    answer = page.get_by_text("This walk ends higher than it began.")
    see(page.get_by_text("Reveal the answer", exact=True))
    expect(answer).to_be_hidden()
    page.get_by_text("Reveal the answer", exact=True).click()
    see(answer)
    page.wait_for_function(
        "document.querySelector('.js-plotly-plot')._transitionData?._frames.length === 41"
    )
    page.get_by_text("In 3-D").click()
    expect(page.locator(".js-plotly-plot .gl-container canvas").first).to_be_attached()


def test_chapters_fit_a_phone(new_tab, app_url):
    page = new_tab(app_url, 420, 860)
    for chapter in ("convolution", "precision"):
        open_chapter(page, chapter)
        wait_until_it_fits(page, 420)
