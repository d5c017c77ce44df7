"""SmartDok: gives customers, projects, articles and billing bases; takes supplier invoices and their documents.

Facts are from the vendor's OpenAPI document "v1" and `smartdok-notes.md`; [seen] and [gap] are its marks.
"""

from integration.systems.smartdok import readers, writers
from integration.systems.smartdok.system import SmartDok

__all__ = ["SmartDok", "readers", "writers"]
