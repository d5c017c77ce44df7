"""`python -m tests.chaos.prepare GO_LIVE CADENCE < companies`: the companies as tenants of the database at hand."""

import datetime
import json
import os
import sys

from django.db.models import F

from sync.engine.onboarding import add_tenant
from sync.models import Pipeline

if __name__ == "__main__":
    go_live = datetime.date.fromisoformat(sys.argv[1])
    for slug, token, database_number in json.load(sys.stdin):
        connections = {
            "smartdok": {"token": token, "url": os.environ["SMARTDOK_API_URL"]},
            "fortnox": {"tenant_id": str(database_number)},
        }
        add_tenant(slug, slug, connections, go_live)
    # Fortnox is asked less often: its requests are counted.
    Pipeline.objects.update(cadence=int(sys.argv[2]))
    Pipeline.objects.filter(source="fortnox").update(cadence=F("cadence") * 2)
