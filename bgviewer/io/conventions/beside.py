"""Planes in files beside an exposure, recognised by one word of their names.

Source: FORMATS section 4, table of suffixes.
"""

from __future__ import annotations

from pathlib import Path

from bgviewer.errors import ReadError
from bgviewer.io.conventions.base import MaskPart, Noise, Place, fits_image
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


def planes_beside(
    file: FitsFile, image: Hdu, choice: Choice, warnings: list[str]
) -> tuple[list[MaskPart], Noise | None, str]:
    """Find mask and uncertainty beside the file; say what was taken for what.

    Returns
    -------
    masks : list of MaskPart
    noise : Noise or None
    kind : str
        As ``variance_kind`` of `Planes`.
    """
    masks: list[MaskPart] = []
    noise: Noise | None = None
    weight: Place | None = None
    unused = []
    found = sidecars_of(file.path)
    found.sort(key=lambda beside: beside.word == _SPREAD)
    for beside in sorted(found, key=lambda b: b.kind != "mask"):
        is_mask, is_noise = beside.kind == "mask", beside.kind in _NOISES
        if beside.kind == "weight":
            settled = choice.settles_mask
        else:
            settled = choice.settles_mask if is_mask else choice.settles_noise
        if settled and (is_mask or is_noise or beside.kind == "weight"):
            continue
        second_mask = is_mask and beside.word in _ALTERNATIVES and bool(masks)
        if second_mask or not (is_mask or is_noise or beside.kind == "weight"):
            if _is_of(file, image, beside):
                unused.append(beside)
            continue
        if is_noise and noise is not None:
            unused.append(beside)
            continue
        place = _place(file, image, beside)
        if place is None:
            continue
        if is_mask:
            masks.append(_mask(file, place, warnings))
        elif is_noise:
            noise = Noise(beside.kind, (place,))
            warnings.append(f"{beside.path.name}: taken for {beside.kind}, by its name")
            if beside.kind == "inverse variance":
                masks.append(weight_mask(place))
        elif weight is None:
            weight = place
    if weight is not None:
        assert weight.path is not None
        why = "" if noise else "the weight's scale is not told; "
        warnings.append(f"{weight.path.name}: {why}used as a mask only")
        masks.append(weight_mask(weight))
    warnings += [f"{beside.path.name}: {beside.kind}, not used" for beside in unused]
    if noise is not None:
        return masks, noise, noise.kind
    return masks, None, "none" if weight is None else "unknown"


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


def _mask(file: FitsFile, place: Place, warnings: list[str]) -> MaskPart:
    assert place.path is not None
    other = file.companion(place.path)
    part = named_mask(other, other.hdus[place.hdu], place)
    if part.meaning == "nonzero":
        warnings.append(f"{place.path.name}: mask without names; anything but 0 is bad")
    return part
