"""What the walks through a set-up share: a browser, a live server, both twins, workers that work on the spot."""

import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import sync_playwright

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
