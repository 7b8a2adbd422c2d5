"""A lock for which only the newest of those who wait counts."""

import asyncio


class NewestFirst:
    """`await turn()` takes the lock; False, without the lock, when someone newer has come meanwhile."""

    def __init__(self, lock: asyncio.Lock) -> None:
        self._lock = lock
        self._overtaken: asyncio.Future | None = None

    async def turn(self) -> bool:
        if self._overtaken and not self._overtaken.done():
            self._overtaken.set_result(True)
        overtaken = self._overtaken = asyncio.get_running_loop().create_future()
        mine = asyncio.ensure_future(self._lock.acquire())
        await asyncio.wait({mine, overtaken}, return_when=asyncio.FIRST_COMPLETED)
        if not overtaken.done():
            overtaken.cancel()
            return True
        if mine.done():
            self._lock.release()
        else:
            mine.cancel()
        return False
