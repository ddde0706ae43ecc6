"""A bounded, thread-safe store of exposures in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future

from bgviewer.engine.exposure import Exposure
from bgviewer.errors import Cancelled

__all__ = ["ExposureCache"]


def _nbytes(exposure: Exposure) -> int:
    planes = (exposure.image, exposure.mask, exposure.variance)
    return sum(plane.nbytes for plane in planes if plane is not None)


class _OtherStopped(Exception):  # noqa: N818 - never leaves this module
    """The thread that was loading what this one waits for was stopped."""


class ExposureCache:
    """The exposures used last, up to `limit` bytes.

    Different exposures are loaded at the same time; one that several threads want is loaded once
    and the others wait for it.  A failure reaches all who wait and is not remembered; when the one
    who loads is stopped, one of those who wait loads instead.

    Parameters
    ----------
    limit : int
        Bytes. An exposure larger than that is handed out but not kept.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Exposure] = OrderedDict()
        self._loading: dict[Hashable, Future[Exposure]] = {}
        self._bytes = 0

    @property
    def nbytes(self) -> int:
        """Bytes held now."""
        return self._bytes

    def clear(self) -> None:
        """Let go of everything; not in a window's thread: giving a gigabyte back takes a while."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def get(self, key: Hashable, load: Callable[[], Exposure]) -> Exposure:
        """Return the exposure kept under `key`, or what `load` returns."""
        while True:
            try:
                return self._get(key, load)
            except _OtherStopped:
                continue

    def _get(self, key: Hashable, load: Callable[[], Exposure]) -> Exposure:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            future = self._loading.get(key)
            mine = future is None
            if future is None:
                future = self._loading[key] = Future()
        if not mine:
            try:
                return future.result()
            except Cancelled as exc:
                raise _OtherStopped from exc
        try:
            exposure = load()
            with self._lock:
                self._keep(key, exposure)
        except BaseException as exc:
            with self._lock:
                del self._loading[key]
            future.set_exception(exc)
            raise
        with self._lock:
            del self._loading[key]
        future.set_result(exposure)
        return exposure

    def _keep(self, key: Hashable, exposure: Exposure) -> None:
        size = _nbytes(exposure)
        if size > self.limit:
            return
        self._kept[key] = exposure
        self._bytes += size
        while self._bytes > self.limit:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= _nbytes(oldest)
