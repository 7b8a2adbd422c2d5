"""The token that is shown to the server. One in a file may be replaced by a newer one while the sender runs."""

import asyncio
import time

from .. import log
from ..program.option_values import secret_in
from . import refusals

# How often the file is looked at while the server waits for a newer one.
LOOK_S = 2.0


class Token:
    def __init__(self, options) -> None:
        #: None: it does not come from a file.
        self.file: str | None = options.token_file
        self.text: str | None = options.token
        self._complaint = ''

    def refresh(self) -> bool:
        """Reads the file again; True when there is another token in it."""
        if not self.file:
            return False
        try:
            text, complaint = secret_in(self.file), ''
        except ValueError as reason:
            text, complaint = self.text, str(reason)
        if complaint and complaint != self._complaint:
            log.warning('token-file', message=f'{complaint}.', next='Mend the file; the former token stays in use.')
        self._complaint = complaint
        if text == self.text:
            return False
        self.use(text)
        return True

    async def renew(self, authenticate, expires_at: float) -> None:
        """Looks for a newer token until `authenticate()` has brought one there. `expires_at` is in Unix seconds."""
        told = False
        while True:
            if self.refresh():
                if await authenticate():
                    return
            elif not told:
                told = True
                log.warning(
                    'token-expiring',
                    message='The token is only good for a short time, and there is no newer one yet.',
                    left_s=max(0.0, expires_at - time.time()),
                    next=refusals.new_token(self.text, self.file),
                )
            await asyncio.sleep(LOOK_S)

    def use(self, text: str | None) -> None:
        self.text = text
        if text:
            log.hide(text)
