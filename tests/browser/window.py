"""What all walks share: a browser, a look at whether a page fits its window and is open to all, workers on the spot."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_core_python.sync_playwright import Axe
from django.db import connections
from playwright.sync_api import Error, sync_playwright
from playwright.sync_api import TimeoutError as TookTooLong

SCREENS = os.environ.get("BYGGBRO_SCREENS", "")
LAUNCH = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine (Debian: apt-get install chromium)"
)


@pytest.fixture(scope="module")
def chromium(django_db_setup: None) -> Iterator[Any]:
    """One browser for all walks of a module. Its event loop would make Django take the tests for asynchronous code."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(LAUNCH))
        yield browser
        browser.close()


FITS = """() => {
  const root = document.body && document.documentElement;
  return root && root.scrollWidth <= root.clientWidth;
}"""


def fits(window: Any, name: str) -> None:
    """Nothing is wider than the window, which may be loading anew, and nothing keeps anybody out (axe).

    A picture is kept for whoever asked for them.
    """
    try:
        window.wait_for_function(FITS, timeout=30_000)
    except TookTooLong:
        pytest.fail(f"{name} is wider than its window")
    if SCREENS:
        window.screenshot(path=str(Path(SCREENS) / f"{name}.png"), full_page=True)
    assert barriers(window) == [], name


def barriers(window: Any) -> list[str]:
    """What axe finds serious or critical, anywhere on the page."""
    try:
        found = Axe().run(window)
    except Error:  # it loaded itself anew meanwhile
        window.wait_for_load_state()
        found = Axe().run(window)
    return [
        f"{each['id']}: {node['html'][:120]}"
        for each in found["violations"]
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]


class Workers:
    """Stands in for Celery: what is handed over is done in a thread of its own, with its own database connection."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []

    def delay(self, task: Callable[..., Any]) -> Callable[..., None]:
        """A `delay` for this function."""

        def later(*args: Any) -> None:
            thread = threading.Thread(target=self._run, args=(task, args), daemon=True)
            self._threads.append(thread)
            thread.start()

        return later

    def _run(self, task: Callable[..., Any], args: tuple[Any, ...]) -> None:
        try:
            task(*args)
        finally:
            connections.close_all()

    def join(self) -> None:
        """Wait for all."""
        for thread in self._threads:
            thread.join(60)
