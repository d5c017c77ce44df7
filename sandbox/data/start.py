"""When the demo's data was made, kept beside it: a later start continues, and expectations count from that day."""

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

FILE_NAME = "demo.json"


@dataclass(frozen=True)
class FirstStart:
    today: dt.date
    empty: bool


def first_start(data_dir: Path | None, today: dt.date, empty: bool) -> FirstStart:
    """What the folder was first started with; if it is new or there is none, the arguments."""
    if data_dir is None:
        return FirstStart(today, empty)
    file = data_dir / FILE_NAME
    if not file.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"today": today.isoformat(), "empty": empty}), encoding="utf-8")
    kept = json.loads(file.read_text(encoding="utf-8"))
    return FirstStart(dt.date.fromisoformat(kept["today"]), kept["empty"])
