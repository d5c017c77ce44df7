"""What is waited for is written and read by one grammar."""

import pytest

from sync.flows import needs
from sync.flows.needs import Reference


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (needs.need("customers", key="1001"), ("customers", "no", "1001")),
        (needs.need("customers", source_id="7"), ("customers", "id", "7")),
        (needs.need("articles", key="A=1:b"), ("articles", "no", "A=1:b")),
        (needs.need("articles", source_id="goods:7"), ("articles", "id", "goods:7")),
        (needs.need_seen("projects", "P7"), ("projects", "seen", "P7")),
        (needs.need_settled("supplier-documents", "4:f=1"), ("supplier-documents", "settled", "4:f=1")),
        (needs.need_pull("projects"), ("projects", "pull", "")),
        (needs.need_pipeline("invoices"), ("", "pipeline", "invoices")),
        (needs.need_connection("fortnox"), ("", "connection", "fortnox")),
        (needs.need_document(42), ("", "document", "42")),
    ],
)
def test_a_reference_is_read_as_it_was_written(text: str, parts: tuple[str, str, str]) -> None:
    assert Reference.parse(text) == parts
    assert str(Reference(*parts)) == text


def test_an_item_is_waited_for_by_its_id_and_its_number() -> None:
    assert needs.met_by("customers", "7", "1001") == ["customers:id=7", "customers:no=1001"]
    assert needs.met_by("customers", "7", "") == ["customers:id=7"]
