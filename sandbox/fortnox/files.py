"""Archive and inbox: folders as JSON, files as bytes (note 58)."""

from __future__ import annotations

from typing import Any

from sandbox.faults import Answer
from sandbox.fortnox import errors
from sandbox.fortnox.company import Company
from sandbox.fortnox.errors import FortnoxError

Stored = dict[str, Any]

ROOTS = {"archive": ("root", "Arkivplats"), "inbox": ("inbox", "Inbox")}


def folder(company: Company, where: str, base: str) -> Stored:
    """The root folder with its files. The twin has no folders below it."""
    folder_id, name = ROOTS[where]
    files = [show_file(file, base) for file in company.files.values() if file["Where"] == where]
    return {"@url": f"{base}/3/{where}", "Email": "", "Files": files, "Folders": [], "Id": folder_id, "Name": name}


def show_file(file: Stored, base: str) -> Stored:
    return {
        "@url": f"{base}/3/{file['Where']}/{file['Id']}",
        "ArchiveFileId": file["Id"] if file["Where"] == "archive" else "",
        "Comments": "",
        "Id": file["Id"],
        "Name": file["Name"],
        "Path": ROOTS.get(file["Where"], ("", ""))[1],
        "Size": len(file["Bytes"]),
    }


def content(company: Company, where: str, file_id: str, attachment_id: str) -> Answer:
    """The bytes of a file. An attachment is read from the archive by `?fileid=` only."""
    wanted, place = (attachment_id, "attachment") if attachment_id else (file_id, where)
    file = company.files.get(wanted)
    if file is None or file["Where"] != place:
        raise FortnoxError(errors.FILE_MISSING, f"Kan inte hitta filen ({wanted}).", status=404)
    name = file["Name"].encode("ascii", "replace").decode().replace('"', "'")
    headers = [("Content-Type", file["ContentType"]), ("Content-Disposition", f'attachment; filename="{name}"')]
    return Answer(200, headers, file["Bytes"])


def remove(company: Company, where: str, file_id: str) -> None:
    content(company, where, file_id, "")
    del company.files[file_id]
    company.file_connections.pop(file_id, None)
