"""Fortnox: takes customers, projects, articles and invoices; gives supplier invoices and their documents.

Facts are from the vendor's OpenAPI document and `fortnox-notes.md`, whose numbers are quoted as "note 31".
"""

from integration.systems.fortnox import documents, invoices, registers, supplier_invoices
from integration.systems.fortnox.system import Fortnox

__all__ = ["Fortnox", "documents", "invoices", "registers", "supplier_invoices"]
