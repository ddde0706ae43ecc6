"""Planes in files beside an exposure, recognised by one word of their names.

Source: FORMATS section 4, table of suffixes.
"""

from __future__ import annotations

from pathlib import Path

from bgviewer.errors import ReadError
from bgviewer.io.conventions.accompanying import Accompanying
from bgviewer.io.conventions.base import Noise, Place, fits_image
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import images, science_images, sidecar_hdu, weight_mask
from bgviewer.io.conventions.plane_names import named_mask
from bgviewer.io.layout import FitsFile, Hdu, card_text
from bgviewer.io.sidecars import Sidecar, is_doubtful, partners, sidecars_of

__all__ = ["owner_of", "planes_beside"]

_ALTERNATIVES = frozenset({"bimsk", "imsk", "bdmsk", "dmsk", "brmsk", "rmsk"})
"""Spitzer's masks: several of one exposure, of which the first is meant for users."""
_NOISES = ("variance", "sigma", "inverse variance")
_SPREAD = "std"
"""Scatter of the inputs: an uncertainty only where there is no other one."""


def owner_of(file: FitsFile) -> tuple[Path, str] | None:
    """Return the exposure that a file belongs to by its name, and the word that says so.

    Words that names of exposures may have count only if shape and date of both agree.
    """
    found = images(file)
    if not found:
        return None
    for path, word in partners(file.path):
        if not is_doubtful(word):
            return path, word
        try:
            other = file.companion(path)
        except ReadError:
            continue
        if any(_agree(file, found[0], other, hdu) for hdu in images(other)):
            return path, word
    return None


def _agree(file: FitsFile, hdu: Hdu, other: FitsFile, image: Hdu) -> bool:
    if not (fits_image(hdu, image) or fits_image(image, hdu)):
        return False
    dates = [
        next((text for h in (top, own) if (text := card_text(h.header, "DATE-OBS"))), "")
        for top, own in ((file.hdus[0], hdu), (other.hdus[0], image))
    ]
    return not all(dates) or dates[0] == dates[1]


def planes_beside(file: FitsFile, image: Hdu, choice: Choice) -> Accompanying:
    """Find mask and uncertainty beside the file; say what was taken for what."""
    found = Accompanying()
    weight: Place | None = None
    unused = []
    beside_it = sorted(sidecars_of(file.path), key=lambda beside: beside.word == _SPREAD)
    for beside in sorted(beside_it, key=lambda b: b.kind != "mask"):
        is_mask, is_noise = beside.kind == "mask", beside.kind in _NOISES
        if beside.kind == "weight":
            settled = choice.settles_mask
        else:
            settled = choice.settles_mask if is_mask else choice.settles_noise
        if settled and (is_mask or is_noise or beside.kind == "weight"):
            continue
        second_mask = is_mask and beside.word in _ALTERNATIVES and bool(found.masks)
        if second_mask or not (is_mask or is_noise or beside.kind == "weight"):
            if _is_of(file, image, beside):
                unused.append(beside)
            continue
        if is_noise and found.noise is not None:
            unused.append(beside)
            continue
        place = _place(file, image, beside)
        if place is None:
            continue
        if is_mask:
            _take_mask(file, place, found)
        elif is_noise:
            found.noise, found.kind = Noise(beside.kind, (place,)), beside.kind
            found.warnings.append(f"{beside.path.name}: taken for {beside.kind}, by its name")
            if beside.kind == "inverse variance":
                found.masks.append(weight_mask(place))
        elif weight is None:
            weight = place
    if weight is not None:
        assert weight.path is not None
        why = "" if found.noise else "the weight's scale is not told; "
        found.warnings.append(f"{weight.path.name}: {why}used as a mask only")
        found.masks.append(weight_mask(weight))
        if found.noise is None:
            found.kind = "unknown"
    found.warnings += [f"{beside.path.name}: {beside.kind}, not used" for beside in unused]
    return found


def _take_mask(file: FitsFile, place: Place, found: Accompanying) -> None:
    assert place.path is not None
    other = file.companion(place.path)
    mask = named_mask(other, other.hdus[place.hdu], place)
    found.masks.append(mask.part)
    if mask.bad is not None:
        found.bad = (*(found.bad or ()), *mask.bad)
    found.aliases = {**found.aliases, **mask.aliases}
    found.warnings += mask.warnings
    if mask.part.meaning == "nonzero":
        found.warnings.append(f"{place.path.name}: mask without names; anything but 0 is bad")


def _is_of(file: FitsFile, image: Hdu, beside: Sidecar) -> bool:
    """Whether the headers of what is only named do not contradict its name."""
    if not is_doubtful(beside.word):
        return True
    try:
        other = file.companion(beside.path)
    except ReadError:
        return False
    return any(_agree(other, hdu, file, image) for hdu in images(other))


def _place(file: FitsFile, image: Hdu, beside: Sidecar) -> Place | None:
    if not _is_of(file, image, beside):
        return None
    found = sidecar_hdu(file, image, beside.path)
    if found is None and len(science_images(file)) == 1:
        fitting = [h for h in images(file.companion(beside.path)) if fits_image(h, image)]
        return Place(fitting[0].index, beside.path) if len(fitting) == 1 else None
    return None if found is None else Place(found[1].index, found[0])
