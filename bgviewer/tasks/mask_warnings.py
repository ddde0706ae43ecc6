"""What the user is told about a mask: too much of it counts, or none, or bits have no name."""

from __future__ import annotations

from collections.abc import Sequence

from bgviewer.engine.mask_use import MaskUse
from bgviewer.io.conventions.base import MaskSource
from bgviewer.io.reading_options import READING_OPTIONS

__all__ = ["mask_warnings"]

_NAMED = 4
"""So many planes are named in one sentence."""


def mask_warnings(use: MaskUse | None, sources: Sequence[MaskSource] = ()) -> tuple[str, ...]:
    """Return sentences about the use of a mask, each with what to do.

    Parameters
    ----------
    use : MaskUse or None
        None where nothing is remarkable.
    sources : sequence of MaskSource
        What the mask is made of; empty for an exposure in memory.
    """
    if use is None:
        return ()
    found = []
    if use.flagged:
        found.append(_mostly(use, sources))
    if use.not_counted:
        found.append(_nothing(use, sources))
    elif use.unnamed_share:
        bits = _bits(use.unnamed)
        where = _where(sources)
        found.append(
            f"{bits} of the mask{where} {'are' if len(use.unnamed) > 1 else 'is'} set in "
            f"{_percent(use.unnamed_share)} of the pixels but without a name, and not counted; "
            f"{_read_as('nonzero')} counts every set bit"
        )
    return tuple(found)


def _mostly(use: MaskUse, sources: Sequence[MaskSource]) -> str:
    names = [n for n in use.counted if use.planes[n] > use.flagged / 2] or list(use.counted)
    blamed = sorted(use.planes, key=lambda n: -use.planes[n])
    # what convention gathers in BAD has names of its own
    own = [n for n in blamed if n != "BAD" and use.planes[n] > use.flagged / 2]
    first = next((s for s in sources if any(n in s.planes for n in (*own, *names))), None)
    text = f"{_percent(use.flagged)} of the pixels are flagged by the mask{_where(sources, first)}"
    text += f", most by {_listed(own or names)}"
    if not sources or (first is not None and first is sources[0] and first.meaning != "spans"):
        opposite = "nonzero" if first is not None and first.meaning == "positive" else "positive"
        meaning = "0 means good" if opposite == "nonzero" else "0 means bad (a map of good pixels)"
        if sources:
            text += f"; where {meaning}, {_read_as(opposite)} turns it round"
        else:
            text += f"; where {meaning}, invert the mask"
    return f"{text}; where such pixels are usable, leave {_listed(names)} out of badMaskPlanes"


def _nothing(use: MaskUse, sources: Sequence[MaskSource]) -> str:
    names = sorted(use.planes, key=lambda n: -use.planes[n])
    why = []
    if names:
        why.append(f"{_listed(names)} {'are' if len(names) > 1 else 'is'} not in badMaskPlanes")
    if use.unnamed:
        why.append(f"{_bits(use.unnamed)} {'have' if len(use.unnamed) > 1 else 'has'} no name")
    to_do = ["add the planes that count to badMaskPlanes"] if names else []
    if sources and sources[0].meaning == "bits":
        to_do.append(f"{_read_as('nonzero')} counts every set bit")
    elif not sources and not names:
        to_do.append("name the bits in planes")
    return (
        f"the mask{_where(sources)} flags {_percent(use.not_counted)} of the pixels, but none of "
        f"them counts as bad: {', '.join(why)}; {', or '.join(to_do)}"
    )


def _read_as(meaning: str) -> str:
    option = READING_OPTIONS["mask_meaning"]
    shown = {"positive": "bad where not above 0", "nonzero": "bad where not 0"}[meaning]
    return f'{option.flag} {meaning} ({option.key} = "{meaning}"; "{shown}" under Stack > Read as)'


def _where(sources: Sequence[MaskSource], chosen: MaskSource | None = None) -> str:
    found = [chosen] if chosen is not None else list(sources)
    labels = list(dict.fromkeys(source.label for source in found))
    return f" ({', '.join(labels)})" if labels else ""


def _bits(bits: Sequence[int]) -> str:
    numbers = [str(bit) for bit in bits]
    return f"{'bits' if len(bits) > 1 else 'bit'} {_listed(numbers)}"


def _listed(names: Sequence[str]) -> str:
    if len(names) > _NAMED + 1:
        return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
    return ", ".join(names)


def _percent(share: float) -> str:
    value = 100 * share
    return f"{value:.0f} %" if value >= 1 else f"{value:.1g} %"
