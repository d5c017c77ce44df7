"""The steps of a set-up, which of them are done, and where to go on."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from integration import registry
from integration.models import Connection
from sync.engine import preflight
from sync.engine.access import is_consent
from sync.models import SetupLink


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `warning`: done, but something about it needs a look. `open`: may be visited now."""

    key: str
    title: str
    url: str
    done: bool
    warning: bool = False
    open: bool = True


def steps(link: SetupLink, token: str) -> list[Step]:
    """All steps of this link, in order. A step opens when those before it are done."""
    rows = {each.system: each for each in Connection.objects.filter(tenant=link.tenant)}
    # Systems that want a key come before those that send the browser away for a consent.
    order = sorted(rows, key=lambda name: (is_consent(name), name))
    found: list[Step] = []
    for name in order:
        done = is_connected(link, rows[name])
        title = _("Connect %(system)s") % {"system": registry.systems[name].title}
        url = reverse("setup:connect", args=[token, name])
        refused = bool(link.found.get(name, {}).get("refused"))
        found.append(Step(name, title, url, done, warning=done and refused))
    connected = all(each.done for each in found)
    if link.starts:
        url = reverse("setup:settings", args=[token])
        found.append(Step("settings", _("Choose settings"), url, link.settings_at is not None, open=connected))
        checked = preflight.latest(link.tenant)
        fine = checked is not None and not (checked.result or {}).get("fault")
        url = reverse("setup:preflight", args=[token])
        chosen = connected and link.settings_at is not None
        found.append(Step("preflight", _("Check before the start"), url, fine, open=chosen))
        found.append(
            Step(
                "go", _("Start"), reverse("setup:go", args=[token]), link.finished_at is not None, open=chosen and fine
            )
        )
    else:
        url = reverse("setup:go", args=[token])
        found.append(Step("go", _("Done"), url, link.finished_at is not None, open=connected))
    return found


def is_connected(link: SetupLink, connection: Connection) -> bool:
    """Whether the access works, as far as this link is concerned: one that is paused may have been mended by it."""
    mended = connection.state == Connection.State.PAUSED and connection.system in link.found
    return connection.state == Connection.State.CONNECTED or mended


def go_on(link: SetupLink, token: str) -> str:
    """Where the next thing is to be done."""
    found = steps(link, token)
    return next((each.url for each in found if not each.done), found[-1].url)
