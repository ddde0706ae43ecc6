"""How far a run over many exposures is, and how long the rest will take."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Pace"]

_QUIET_UNTIL = 2  # exposures: one alone says little, the reference was read in its time
_MINUTE = 60.0


@dataclass(frozen=True)
class Pace:
    """What is finished, and when.

    Attributes
    ----------
    total : int
        Exposures to match.
    done : int
        Those that are finished, failed ones too.
    elapsed : float
        Seconds from the beginning of the run to the last that finished.
    """

    total: int
    done: int = 0
    elapsed: float = 0.0

    def after(self, elapsed: float) -> Pace:
        """Return the pace once one more has finished, so many seconds after the beginning."""
        return Pace(self.total, self.done + 1, elapsed)

    @property
    def left(self) -> float | None:
        """Seconds that the others will take; None while too few have finished to tell."""
        if self.done < max(min(_QUIET_UNTIL, self.total), 1):  # of none, nothing is ever done
            return None
        return self.elapsed / self.done * (self.total - self.done)

    @property
    def text(self) -> str:
        """As ``7 of 24 · about 40 s left``; the time only where it is known."""
        count = f"{self.done} of {self.total}"
        left = self.left
        return count if not left else f"{count} · about {_rounded(left)} left"


def _rounded(seconds: float) -> str:
    """Return a time as exactly as an estimate deserves."""
    if seconds < 10:
        return f"{max(1, round(seconds))} s"
    if seconds < 1.5 * _MINUTE:
        return f"{5 * round(seconds / 5)} s"
    minutes = round(seconds / _MINUTE)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
