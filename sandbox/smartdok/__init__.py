"""A twin of SmartDok's REST API, for the demo, the tests and the benches.

Written from the vendor's OpenAPI document and the integrators' notes, never from our own adapters. Where those are
silent the twin does what its docstrings say, and `twin.switches` (`sandbox.smartdok.lists.Switches`) turns the guesses
round.

    with SmartDokTwin([Company("Bygg AB", token="t-1")]) as twin:
        company = twin.company("t-1")
        project = company.add_project(ProjectNumber="1001", StartDate="2026-03-01T00:00:00")
        company.add_invoice([{"Price": 450.0, "Quantity": 8.0, "Code": "10"}], ProjectId=project["Id"])
"""

from sandbox.smartdok.clock import SWEDEN
from sandbox.smartdok.company import Company
from sandbox.smartdok.twin import SmartDokTwin

__all__ = ["SWEDEN", "Company", "SmartDokTwin"]
