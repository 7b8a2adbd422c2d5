"""The end of a webrtcbin: its ICE agent is silenced first, and what is left is dropped a moment later.

The agent goes on gathering and checking after the pipeline is at NULL, on a thread of its own. GStreamer 1.22 hands it
plain pointers to the ICE streams and transports (newer ones: weak references), so a signal that comes while those are
freed ends the process: with viewers that come and go in 30 ms that took a few hundred of them. So:
  - The handlers of every signal of the agent are blocked; blocked and not disconnected, since newer versions
    disconnect them themselves. The agent is asked of nicesrc: webrtcbin's own property for it steals a reference.
  - One of them may be running at that moment, and looking up a candidate's .local name also has a plain pointer. So
    the objects stay for a while, and go on a thread that is none of theirs.
"""

import threading
import time
from collections import deque

from ..gst import GObject, Gst

# A handler that runs takes microseconds, and each one kept holds some 20 sockets: at 1 s, 60 viewers in 2 s held 1100.
KEEP_S = 0.25
# Resolvers give up on a name after 5 s. Beyond MOST they go after KEEP_S.
KEEP_WITH_NAMES_S = 6.0
MOST = 8

UNBLOCKED = GObject.SignalMatchType.ID | GObject.SignalMatchType.UNBLOCKED

_news = threading.Condition()
_kept: deque = deque()  # (rested since, keep for, pipeline, webrtcbin, what to do then)
_thread: threading.Thread | None = None


def lay_to_rest(pipeline, webrtc, looks_up_names: bool, afterwards=None) -> None:
    """Stops the pipeline and keeps it until nothing can call into it any more; then calls `afterwards()`.

    May wait for GStreamer's threads.
    """
    global _thread
    silence(webrtc)
    pipeline.set_state(Gst.State.NULL)
    silence(webrtc)
    with _news:
        keep_s = KEEP_WITH_NAMES_S if looks_up_names else KEEP_S
        _kept.append((time.monotonic(), keep_s, pipeline, webrtc, afterwards))
        if not _thread:
            _thread = threading.Thread(target=_let_go, name='rest', daemon=True)
            _thread.start()
        _news.notify()


def count() -> int:
    """How many are kept."""
    return len(_kept)


def silence(webrtc) -> int:
    """Blocks every handler of the ICE agent's signals; how many there were."""
    blocked = 0
    for agent in {element.get_property('agent') for element in elements_of(webrtc, 'nicesrc')}:
        for signal in GObject.signal_list_ids(agent):
            while handler := GObject.signal_handler_find(agent, UNBLOCKED, signal, 0, None, None, None):
                GObject.signal_handler_block(agent, handler)
                blocked += 1
    return blocked


def stop_late(webrtc) -> int:
    """Stops what was started after the pipeline had been stopped; how much that was. (One viewer of 400 that left while
    it was being answered left a thread and 20 files behind.)"""
    late = [element for element in all_elements(webrtc) if element.get_state(0)[1] != Gst.State.NULL]
    for element in late:
        element.set_state(Gst.State.NULL)
    return len(late)


def elements_of(container, factory_name: str) -> list:
    """The elements of that kind inside, at any depth."""
    return [
        element
        for element in all_elements(container)
        if element.get_factory() and element.get_factory().get_name() == factory_name
    ]


def all_elements(container) -> list:
    """The elements inside, at any depth."""
    elements, iterator = [], container.iterate_recurse()
    while True:
        result, element = iterator.next()
        if result == Gst.IteratorResult.OK:
            elements.append(element)
        elif result == Gst.IteratorResult.RESYNC:
            iterator.resync()
        else:
            return elements


def _let_go() -> None:
    while True:
        entry = _next()
        _, keep_s, pipeline, webrtc, afterwards = entry
        # A negotiation that was under way may have made another stream since, and started it.
        if silence(webrtc) + stop_late(webrtc):
            with _news:
                _kept.append((time.monotonic(), keep_s, pipeline, webrtc, afterwards))
            afterwards = None
        del entry, pipeline, webrtc  # here the last reference goes
        if afterwards:
            afterwards()
        del afterwards


def _next() -> tuple:
    """Waits for the first entry whose time is over, and takes it out."""
    with _news:
        while True:
            now = time.monotonic()
            waits = [
                since + (keep_s if len(_kept) - number <= MOST else KEEP_S) - now
                for number, (since, keep_s, *_) in enumerate(_kept)
            ]
            due = next((number for number, wait in enumerate(waits) if wait <= 0), None)
            if due is not None:
                entry = _kept[due]
                del _kept[due]
                return entry
            _news.wait(min(waits, default=None))
