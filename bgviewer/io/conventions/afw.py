"""LSST afw Exposure and MaskedImage, and files laid out like them.  Source: FORMATS section 1.

Planes are IMAGE, MASK and VARIANCE by EXTTYPE, else by EXTNAME.
"""

from __future__ import annotations

from astropy.io import fits

from bgviewer.io.archive import archive_warning, photo_calib_zero_point
from bgviewer.io.conventions.base import (
    MaskPart,
    Noise,
    Planes,
    check_shape,
    has_pixels,
    merged_header,
)
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import is_lsst_mask, own
from bgviewer.io.conventions.parent_grid import parent_position
from bgviewer.io.conventions.plane_names import mask_bits
from bgviewer.io.layout import FitsFile, Hdu
from bgviewer.io.photometry import (
    band_of,
    flux_card_zero_point,
    keyword_zero_point,
    number,
    unit_of,
)
from bgviewer.io.units import flux_zero_point

__all__ = ["Afw"]

_ROLES = ("IMAGE", "MASK", "VARIANCE")
_NEWEST_VERSION = 2


def _by_role(file: FitsFile) -> dict[str, list[Hdu]]:
    found: dict[str, list[Hdu]] = {role: [] for role in _ROLES}
    for hdu in file.hdus:
        if hdu.role in found and not hdu.is_table:
            found[hdu.role].append(hdu)
    return found


class Afw:
    """IMAGE with MASK or VARIANCE (or an image that says it is LSST's)."""

    name = "afw"

    def recognises(self, file: FitsFile) -> bool:
        """An IMAGE with EXTTYPE or an archive, with all three planes, or with a mask of LSST's.

        IMAGE and VARIANCE alone are names that others use too.
        """
        roles = _by_role(file)
        if not roles["IMAGE"]:
            return False
        primary = file.hdus[0].header
        if "EXTTYPE" in roles["IMAGE"][0].header or "AR_HDU" in primary or "EXPINFO_V" in primary:
            return True
        masks = roles["MASK"]
        return bool(masks) and (bool(roles["VARIANCE"]) or any(map(is_lsst_mask, masks)))

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """Find the planes and what image header, primary and archive say."""
        roles = _by_role(file)
        _check_order(file, roles)
        for role, hdus in roles.items():
            if len(hdus) > 1:
                raise file.error(
                    f"{hdus[1].label} says {role}, which {hdus[0].label} is already", "E_EXTTYPE"
                )
        image = roles["IMAGE"][0]
        ny, nx = _image_shape(file, image)
        warnings = _layout_warnings(file, roles)
        mask, variance = (_companion(file, roles[role], image, warnings) for role in _ROLES[1:])
        bits = mask_bits(file, mask, warnings) if mask else {}
        header = merged_header(file, image)
        headers = (header, file.hdus[0].header)
        unit = unit_of(headers)
        zero_point, source = _zero_point(file, headers, unit, warnings)
        return Planes(
            convention=self.name,
            image=image.index,
            shape=(ny, nx),
            header=header,
            cards_hdu=0,
            masks=(MaskPart(own(mask), "bits", bits),) if mask else (),
            noise=Noise("variance", (own(variance),)) if variance else None,
            variance_kind="variance" if variance else "none",
            unit=unit,
            zero_point=zero_point,
            zero_point_source=source,
            band=band_of(headers),
            xy0=parent_position(header, warnings),
            warnings=tuple(warnings),
        )


def _check_order(file: FitsFile, roles: dict[str, list[Hdu]]) -> None:
    """Raise ``E_EXTTYPE`` where EXTTYPE cards put complete planes in another order than LSST's."""
    if not all(roles.values()) or not all("EXTTYPE" in roles[r][0].header for r in _ROLES):
        return
    found = sorted((roles[role][0] for role in _ROLES), key=lambda hdu: hdu.index)
    for hdu, role in zip(found, _ROLES, strict=True):
        if hdu.role != role:
            reason = f"HDU {hdu.index} says {hdu.role}, expected {role}"
            raise file.error(reason, "E_EXTTYPE")


def _image_shape(file: FitsFile, image: Hdu) -> tuple[int, int]:
    if not has_pixels(image):
        raise file.error(f"image plane has size 0 ({image.describe()})", "E_EMPTY_IMAGE")
    if len(image.shape) != 2:
        reason = f"{image.describe()} has {len(image.shape)} axes; choose a plane"
        raise file.error(reason, "E_DIMS")
    ny, nx = image.shape
    return ny, nx


def _companion(file: FitsFile, found: list[Hdu], image: Hdu, warnings: list[str]) -> Hdu | None:
    if not found:
        return None
    if not has_pixels(found[0]):
        warnings.append(f"{found[0].label} is empty and not used")
        return None
    check_shape(file, found[0], image)
    return found[0]


def _layout_warnings(file: FitsFile, roles: dict[str, list[Hdu]]) -> list[str]:
    warnings = []
    version = number(file.hdus[0].header, "EXPINFO_V")
    if version is not None and version > _NEWEST_VERSION:
        warnings.append(
            f"written by a newer LSST stack (v{version:g}); pixels loaded, metadata ignored"
        )
    places = [roles[role][0].index for role in _ROLES if roles[role]]
    if places != sorted(places):
        warnings.append("planes are not in the order IMAGE, MASK, VARIANCE; read by their names")
    missing = [role for role in _ROLES if not roles[role]]
    if missing:
        warnings.append(f"has no {' and no '.join(missing)} plane; the file may be incomplete")
    archive = archive_warning(file)
    return [*warnings, archive] if archive else warnings


def _zero_point(
    file: FitsFile, headers: tuple[fits.Header, ...], unit: str | None, warnings: list[str]
) -> tuple[float | None, str]:
    for header in headers:
        magnitude = flux_card_zero_point(header, warnings)
        if magnitude is not None:
            return magnitude, "FLUXMAG0"
    version = number(file.hdus[0].header, "EXPINFO_V") or 0
    if 1 <= version <= _NEWEST_VERSION:
        magnitude = photo_calib_zero_point(file, warnings)
        if magnitude is not None:
            return magnitude, "PhotoCalib"
    if (magnitude := flux_zero_point(unit)) is not None:
        return magnitude, "BUNIT"
    return keyword_zero_point(headers, warnings) or (None, "")
