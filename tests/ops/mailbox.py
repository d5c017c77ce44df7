"""A mail server that refuses whom it is told to; the others' mails lie in `mail.outbox`."""

from collections.abc import Sequence
from typing import ClassVar

from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend


class Mailbox(EmailBackend):
    """`refused`: what is raised, by address."""

    refused: ClassVar[dict[str, OSError]] = {}

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        for message in messages:
            for address in message.to:
                if address in self.refused:
                    raise self.refused[address]
        return super().send_messages(messages)
