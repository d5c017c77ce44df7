"""What all walks share: a browser, a look at whether a page fits its window, workers that work on the spot."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import TimeoutError as TookTooLong
from playwright.sync_api import sync_playwright

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
    """Nothing is wider than the window, which may be loading anew; a picture is kept for whoever asked for them."""
    try:
        window.wait_for_function(FITS, timeout=5_000)
    except TookTooLong:
        pytest.fail(f"{name} is wider than its window")
    if SCREENS:
        window.screenshot(path=str(Path(SCREENS) / f"{name}.png"), full_page=True)


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
