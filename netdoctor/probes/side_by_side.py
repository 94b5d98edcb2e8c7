"""Many questions at once, in threads that are used again; gently, however many there are.

A question that has been under way for a moment waits for somebody else's answer and burdens nobody. So what is limited
are those that have just begun: a lane's width in all, and `PER_PLACE` that connect to one container. A thousand
connections that time out take no longer than a few of them, and a server meets a handful of us at a time.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable

from netdoctor.answers import INTERRUPTED, AnyAnswer, AnyQuestion, AskConnection, Asked, Unable
from netdoctor.probes.clock import Clock

Progress = Callable[[str, int, int], None]
"""Told the phase ("asking"), how many are done, and of how many."""

GRACE = 2.0
"""Seconds beyond the timeout before a question counts as hung: the engine's share of a command, a busy machine."""
PER_PLACE = 8

Answer = Callable[[AnyQuestion, Clock], AnyAnswer]


class Lane:
    """Questions of one kind that wait to begin. `width` may have just begun, each of them for `moment` seconds."""

    def __init__(self, width: int, moment: float) -> None:
        self.width = width
        self.moment = moment
        self.waiting: deque[AnyQuestion] = deque()
        self.since: dict[AnyQuestion, float] = {}
        """Those that have just begun, and when, oldest first."""

    @property
    def has_room(self) -> bool:
        return bool(self.waiting) and len(self.since) < self.width


class SideBySide:
    """One round of questions. `most` is how many may be under way at all, those that only wait among them.

    `width` holds for those that others answer. With `at_home`, all but connections are answered by our own work, and
    more of them at once would only stand in each other's way.
    """

    def __init__(
        self,
        answer: Answer,
        what: Callable[[AnyQuestion], str],
        timeout: float,
        *,
        width: int,
        most: int,
        at_home: bool = False,
    ) -> None:
        self._answer = answer
        self._what = what
        self._timeout = timeout
        self._most = most
        self._abroad = Lane(width, 0.25)
        self._home = Lane(2, 0.02) if at_home else self._abroad
        self._held: dict[Hashable, deque[AnyQuestion]] = {}
        """Those that would crowd a place."""
        self._running: dict[AnyQuestion, Clock] = {}
        self._at: dict[Hashable, int] = {}
        """How many of these connect to one place."""
        self._came: queue.SimpleQueue[Asked] = queue.SimpleQueue()
        self._tasks: queue.SimpleQueue[tuple[AnyQuestion, Clock] | None] = queue.SimpleQueue()
        self._threads = 0
        self._left_behind = 0

    def ask(
        self, questions: Iterable[AnyQuestion], stopped: Callable[[], bool], told: Callable[[], None]
    ) -> dict[AnyQuestion, Asked]:
        """An answer to each; `told` is called after each. One that hangs is left behind: a daemon ends with us.

        Once `stopped`, nothing more begins: what is under way is waited for, so that nothing of us is left in a
        container, and the rest is answered as INTERRUPTED.
        """
        for question in questions:
            self._lane(question).waiting.append(question)
        done: dict[AnyQuestion, Asked] = {}
        try:
            while self._running or any(lane.waiting for lane in self._lanes):
                if stopped():
                    held = (q for some in self._held.values() for q in some)
                    left = (*held, *(q for lane in self._lanes for q in lane.waiting))
                    done.update((q, Asked(question=q, answer=Unable(reason=INTERRUPTED))) for q in left)
                    self._held.clear()
                    for lane in self._lanes:
                        lane.waiting.clear()
                self._begin()
                asked = self._next() if self._running else None
                if asked is not None and self._ended(asked.question):
                    done[asked.question] = asked
                    told()
        finally:
            for _ in range(self._threads):
                self._tasks.put(None)
        return done

    # -- beginning ----------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Start as many as may be; what would crowd a place waits until somebody is through there."""
        now = time.monotonic()
        for lane in self._lanes:
            while lane.since and now - next(iter(lane.since.values())) > lane.moment:
                self._settled(next(iter(lane.since)))
            while lane.has_room and len(self._running) < self._most:
                question = lane.waiting.popleft()
                place = _place(question)
                if place is not None and self._at.get(place, 0) >= PER_PLACE:
                    self._held.setdefault(place, deque()).append(question)
                    continue
                if place is not None:
                    self._at[place] = self._at.get(place, 0) + 1
                lane.since[question] = now
                clock = self._running[question] = Clock(self._timeout)
                self._start(question, clock)

    @property
    def _lanes(self) -> tuple[Lane, ...]:
        return (self._abroad,) if self._home is self._abroad else (self._abroad, self._home)

    def _lane(self, question: AnyQuestion) -> Lane:
        return self._abroad if isinstance(question, AskConnection) else self._home

    def _start(self, question: AnyQuestion, clock: Clock) -> None:
        if self._threads < len(self._running) + self._left_behind:
            try:
                threading.Thread(target=self._work, daemon=True).start()
                self._threads += 1
            except RuntimeError as error:  # no more threads for this process
                if not self._threads:
                    unable = Unable(reason=f"{self._what(question)} could not be asked: {error}")
                    self._came.put(Asked(question=question, answer=unable))
                    return
        self._tasks.put((question, clock))

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            question, clock = task
            started = time.perf_counter()
            found = self._answer(question, clock)
            ms = round((time.perf_counter() - started) * 1000, 2)
            self._came.put(Asked(question=question, answer=found, ms=ms))

    # -- ending -------------------------------------------------------------------------------------------------

    def _next(self) -> Asked | None:
        """The next answer, or that of a question which has hung; None when it is time to look what may begin."""
        late = min(self._running, key=lambda q: self._running[q].ends)
        # A clock that stands still now may run again soon, so nobody is waited for any longer than this.
        patience = min((lane.moment for lane in self._lanes if lane.since), default=0.5)
        try:
            return self._came.get(timeout=min(patience, max(0.0, self._running[late].left + GRACE)))
        except queue.Empty:
            if self._running[late].left + GRACE > 0:
                return None
        self._left_behind += 1
        reason = f"{self._what(late)} did not answer within {self._timeout:g} s"
        return Asked(question=late, answer=Unable(reason=reason), ms=round((self._timeout + GRACE) * 1000, 2))

    def _ended(self, question: AnyQuestion) -> bool:
        """Whether it was under way: what comes late has been given up already."""
        self._settled(question)
        if self._running.pop(question, None) is not None:
            return True
        self._left_behind -= 1  # its thread can work again
        return False

    def _settled(self, question: AnyQuestion) -> None:
        lane, place = self._lane(question), _place(question)
        if lane.since.pop(question, None) is not None and place is not None:
            self._at[place] -= 1
            if held := self._held.get(place):
                lane.waiting.appendleft(held.popleft())


def _place(question: AnyQuestion) -> Hashable:
    """Whom a question burdens besides us, None for nobody."""
    if not isinstance(question, AskConnection):
        return None
    return question.target or question.address, question.port
