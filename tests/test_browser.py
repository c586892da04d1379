"""The pages in Chromium, opened from the disk: what a reader does there by pointer and by keyboard, and axe-core's rules.

Without Chromium, or without playwright, these tests are skipped. GAN_BENCH_SCREENSHOTS: a folder for pictures of the pages.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest

from tests.browser import HOSTILE, SCRIPT, build_site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")

WIDE, NARROW = {"width": 1400, "height": 1000}, {"width": 400, "height": 900}
TRACK = "cifar10_quick_0.3"
PAGES = {
    "front": "index.html", "glossary": "glossary.html", "track": f"{TRACK}/index.html", "detectors": f"{TRACK}/detectors.html",
    "compare": f"{TRACK}/compare.html", "entry": f"{TRACK}/entries/dcgan.html", "detector": f"{TRACK}/detectors/spectrum.html",
    "hostile": "mnist_quick_0.3/index.html",
}  # fmt: skip
RULES = {
    "preload": False,
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
}  # tags of axe-core: levels A and AA


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


class Tab:
    """A page in the browser; what went wrong in it is kept in `faults`."""

    def __init__(self, browser: Any, site: Path, name: str, **more: Any) -> None:
        self.context = browser.new_context(**{"viewport": WIDE, "reduced_motion": "reduce", **more})
        self.page, self.site, self.faults = self.context.new_page(), site, []
        self.page.on(
            "console", lambda message: self.faults.append(message.text) if message.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("dialog", lambda dialog: self.faults.append(f"dialog {dialog.message}"))
        self.page.on("request", self._hear)
        self.page.on("requestfailed", lambda request: self.faults.append(f"{request.url} failed"))
        self.open(name)

    def open(self, name: str, fragment: str = "") -> None:
        """Go to a page of the site."""
        self.page.goto((self.site / PAGES.get(name, name)).as_uri() + fragment)

    def _hear(self, request: Any) -> None:
        url = urlparse(request.url)
        inside = url.scheme == "file" and Path(url.path).is_relative_to(self.site)
        if not inside and url.scheme not in ("data", "blob"):
            self.faults.append(f"a request to {request.url}")


@pytest.fixture
def tab(browser: Any, site: Path, request: pytest.FixtureRequest) -> Iterator[Tab]:
    """The track's page; indirect parameters choose another page or other options. No fault may have happened in it."""
    options = dict(getattr(request, "param", {}))
    opened = Tab(browser, site, options.pop("name", "track"), **options)
    yield opened
    opened.context.close()
    assert opened.faults == []


def names_shown(page: Any) -> list[str]:
    """The names of the rows of the first table, from the top."""
    found: list[str] = page.locator("table.data tbody th.name a:not(.anchor)").all_text_contents()
    return found


def background(page: Any) -> str:
    """The colour behind the page."""
    found: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return found


@pytest.mark.parametrize(("scheme", "width"), [("light", WIDE), ("dark", NARROW)], ids=["light-1400", "dark-400"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_breaks_no_rule_of_levels_a_and_aa_and_fits(
    browser: Any, site: Path, name: str, scheme: str, width: dict
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    opened = Tab(browser, site, name, viewport=width, color_scheme=scheme)
    found = axe.Axe().run(opened.page, options=RULES)
    _keep_screenshot(opened.page, f"{name}-{width['width']}-{scheme}")
    broken = [(rule["id"], [node["html"][:200] for node in rule["nodes"]][:3]) for rule in found.response["violations"]]
    assert broken == []

    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width["width"]  # only tables scroll sideways
    assert opened.faults == []
    opened.context.close()


def _keep_screenshot(page: Any, name: str) -> None:
    folder = os.environ.get("GAN_BENCH_SCREENSHOTS")
    if folder:
        page.evaluate("document.querySelectorAll('img').forEach(image => { image.loading = 'eager' })")
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


# Tables


def test_rows_sort_by_number_within_their_group_and_rows_without_a_value_come_last(tab: Tab) -> None:
    header = tab.page.get_by_role("button", name="FD lite0@64 (5k)")
    assert names_shown(tab.page) == ["cgan", "dcgan", "wgan", "broken", "real", "noise"]
    header.click()
    assert names_shown(tab.page) == ["cgan", "dcgan", "wgan", "broken", "real", "noise"]
    assert tab.page.locator("th[aria-sort=ascending]").count() == 1
    header.click()
    assert names_shown(tab.page) == ["wgan", "dcgan", "cgan", "broken", "noise", "real"]
    assert tab.page.locator("th[aria-sort=descending]").count() == 1


def test_the_first_click_puts_the_better_values_first(tab: Tab) -> None:
    tab.page.get_by_role("button", name="Recall lite0@64 (5k)").click()
    assert names_shown(tab.page)[:4] == ["cgan", "dcgan", "wgan", "broken"]


def test_text_filters_rows_and_their_number_is_told(tab: Tab) -> None:
    tab.page.get_by_label("Filter").fill("cgan")
    assert names_shown(tab.page) == ["cgan", "dcgan"]
    assert tab.page.locator(".said").text_content() == "2 of 6 rows"
    tab.page.get_by_label("Filter").fill("")
    assert len(names_shown(tab.page)) == 6


def test_columns_are_chosen_and_empty_ones_are_never_there(tab: Tab) -> None:
    titles = "[...document.querySelectorAll('table.data thead tr:last-child th')].map(h => h.textContent)"
    shown = tab.page.evaluate(titles)
    assert not any("KID" in title for title in shown) and 6 <= len(shown) <= 11
    tab.page.get_by_text("Columns", exact=True).click()
    assert not any("FID" in text for text in tab.page.locator(".sheet label").all_text_contents())
    tab.page.get_by_label("KID lite0@64 (5k) ↓").check()
    assert sum("KID" in title for title in tab.page.evaluate(titles)) == 1
    tab.page.get_by_role("button", name="Main columns").click()
    assert tab.page.evaluate(titles) == shown


def test_the_download_is_what_is_shown_and_no_cell_of_it_is_a_formula(browser: Any, site: Path, tmp_path: Path) -> None:
    opened = Tab(browser, site, "hostile")
    opened.page.get_by_label("Filter").fill("1+1")
    with opened.page.expect_download() as waiting:
        opened.page.get_by_role("button", name="Download CSV").click()
    waiting.value.save_as(tmp_path / "table.csv")
    header, *lines = csv.reader((tmp_path / "table.csv").open(newline=""))
    shown = opened.page.locator("table.data thead tr:last-child th").count()
    assert len(header) == shown and [line[0] for line in lines] == ["'=1+1 =1+1".upper().replace("'=1+1 =1+1", "'=1+1 =1+1")]
    opened.context.close()


def test_copying_gives_the_shown_rows_separated_by_tabs(browser: Any, site: Path) -> None:
    opened = Tab(browser, site, "track", permissions=["clipboard-read", "clipboard-write"])
    opened.page.get_by_label("Filter").fill("wgan")
    opened.page.get_by_role("button", name="Copy table").click()
    opened.page.get_by_text("Copied").wait_for()
    header, line = opened.page.evaluate("navigator.clipboard.readText()").strip().split("\n")
    assert header.startswith("Entry\tRank\t") and line.startswith("wgan WGAN\t3\t")
    opened.context.close()


def test_headers_and_names_stay_in_sight_when_the_table_is_scrolled(browser: Any, site: Path) -> None:
    opened = Tab(browser, site, "track", viewport=NARROW)
    opened.page.get_by_text("Columns", exact=True).click()
    opened.page.get_by_role("button", name="All columns").click()
    opened.page.keyboard.press("Escape")
    place = """() => {
      const box = document.querySelector(".box");
      const name = box.querySelector("thead th.name"), row = box.querySelector("tbody th.name");
      box.style.maxHeight = "260px"; box.scrollTo(300, 80);
      const [b, n, r] = [box, name, row].map(element => element.getBoundingClientRect());
      return [Math.round(n.left - b.left), Math.round(r.left - b.left), n.top - b.top < 40];
    }"""
    assert opened.page.evaluate(place) == [1, 1, True]
    opened.context.close()


def test_a_link_leads_to_a_row_and_marks_it(tab: Tab) -> None:
    tab.open("track", "#row-wgan")
    assert tab.page.locator("tr.linked").get_attribute("id") == "row-wgan"
    tab.open("track", "#%")  # no valid escape: nothing happens
    assert tab.page.locator("tr.linked").count() == 0


def test_a_header_tells_what_it_is_by_pointer_and_by_keyboard(tab: Tab) -> None:
    header = tab.page.locator("th", has=tab.page.get_by_role("button", name="Rank"))
    header.hover()
    assert "within its task" in (tab.page.locator("#tip").text_content() or "") and tab.page.locator("#tip").is_visible()
    tab.page.keyboard.press("Escape")
    assert not tab.page.locator("#tip").is_visible()
    tab.page.get_by_role("button", name="Rank").focus()
    assert tab.page.locator("#tip").is_visible()


# Pages


def test_an_entry_opens_from_the_table_and_leads_back_to_its_row(tab: Tab) -> None:
    tab.page.locator("table.data").get_by_role("link", name="dcgan", exact=True).click()
    tab.page.wait_for_url("**/entries/dcgan.html")
    assert tab.page.get_by_role("heading", level=1).text_content() == "dcgan DCGAN"
    assert "--variants dcgan" in (tab.page.locator(".command pre").text_content() or "")
    tab.page.get_by_role("link", name="cifar10, quick").click()
    tab.page.wait_for_url("**/index.html#row-dcgan")
    assert tab.page.locator("tr.linked").get_attribute("id") == "row-dcgan"


def test_two_entries_are_picked_and_compared_by_the_rules_of_compare(tab: Tab) -> None:
    tab.page.get_by_label("compare cgan", exact=True).check()
    tab.page.get_by_label("compare wgan").check()
    tab.page.get_by_role("link", name="Compare 2").click()
    tab.page.wait_for_url("**/compare.html#cgan&wgan")
    row = tab.page.locator("#numbers tbody tr", has_text="FD lite0@64 (5k)")
    row.wait_for()
    assert [text.strip() for text in row.locator("td").all_text_contents()][2] == "worse"  # wgan's 14 against cgan's 8
    assert tab.page.locator("#pictures img").count() == 2
    assert "same latents" in (tab.page.locator("#shared").text_content() or "")
    tab.page.get_by_label("Third").select_option("dcgan")
    assert tab.page.locator("#numbers thead th").count() == 6 and tab.page.url.endswith("#cgan&wgan&dcgan")


def test_no_more_than_three_entries_can_be_picked(tab: Tab) -> None:
    for name in ("cgan", "dcgan", "wgan"):
        tab.page.get_by_label(f"compare {name}", exact=True).check()
    assert tab.page.get_by_label("compare real").is_disabled()


def test_the_theme_changes_charts_too_and_lasts_for_the_next_page(tab: Tab) -> None:
    ink = "getComputedStyle(document.querySelector('svg.chart text')).fill"
    light, drawn = background(tab.page), tab.page.evaluate(ink)
    for _ in range(2):
        tab.page.get_by_role("button", name="Theme").click()
    assert tab.page.get_by_role("button", name="Theme: dark").is_visible()
    dark = background(tab.page)
    assert dark != light and tab.page.evaluate(ink) != drawn
    tab.open("front")
    assert background(tab.page) == dark


def test_all_of_it_works_by_keyboard_alone(tab: Tab) -> None:
    def press_until(selector: str) -> None:
        for _ in range(60):
            tab.page.keyboard.press("Tab")
            if tab.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"{selector} is never reached")

    press_until("a.skip")
    press_until("input[type=search]")
    tab.page.keyboard.type("gan")
    press_until(".menu summary")
    tab.page.keyboard.press("Enter")
    press_until(".sheet input")
    tab.page.keyboard.press("Space")
    tab.page.keyboard.press("Escape")
    assert not tab.page.locator(".sheet").is_visible()
    press_until("button.sort")
    tab.page.keyboard.press("Enter")
    assert tab.page.locator("th[aria-sort]").count() == 1
    press_until("input.pick")
    tab.page.keyboard.press("Space")
    press_until("th.name a")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/entries/*.html")


@pytest.mark.parametrize("tab", [{"name": "entry"}], indirect=True)
def test_the_course_of_a_training_stands_still_for_those_who_want_no_motion_and_can_be_moved(tab: Tab) -> None:
    output = tab.page.locator(".player output")
    assert output.text_content() == "8 kimg"
    tab.page.wait_for_timeout(600)
    assert output.text_content() == "8 kimg"  # nothing moved by itself
    tab.page.get_by_label("moment of the training").fill("1")
    assert output.text_content() == "4 kimg"
    assert tab.page.evaluate("getComputedStyle(document.querySelector('.player .frame')).backgroundPositionY") == "50%"


def test_the_course_of_a_training_plays_once_for_others(browser: Any, site: Path) -> None:
    opened = Tab(browser, site, "entry", reduced_motion="no-preference")
    opened.page.locator(".player").scroll_into_view_if_needed()
    opened.page.get_by_role("button", name="Pause").wait_for()
    opened.page.get_by_role("button", name="Play").wait_for(timeout=5000)
    assert opened.page.locator(".player output").text_content() == "8 kimg" and opened.faults == []
    opened.context.close()


# Names that try to do harm


@pytest.mark.parametrize("tab", [{"name": "hostile"}], indirect=True)
def test_hostile_names_are_text_on_every_page_of_theirs(tab: Tab) -> None:
    assert sorted(names_shown(tab.page)) == sorted(HOSTILE)
    for link in tab.page.evaluate("[...document.querySelectorAll('th.name a:not(.anchor)')].map(a => a.href)"):
        tab.page.goto(link)
        assert tab.page.locator("main h1").count() == 1
    tab.open("mnist_quick_0.3/compare.html")
    assert SCRIPT in tab.page.locator("select.entry").first.inner_text()


@pytest.mark.parametrize("tab", [{"name": "front"}], indirect=True)
def test_problems_and_failures_are_named_as_text(tab: Tab) -> None:
    told = tab.page.locator(".problems").text_content() or ""
    assert f"{SCRIPT} cannot be read." in told and f"broken: seed 0 failed: {SCRIPT}." in told
    tab.open("track")
    tab.page.get_by_text("Columns", exact=True).click()
    assert tab.page.get_by_label("Status").is_checked()
    assert SCRIPT in (tab.page.locator("#row-broken").text_content() or "")
