"""Build the pixels of a scene from its recipe (operations: README.md in the data folder)."""

from __future__ import annotations

import hashlib

import numpy as np

PLANES = {
    "BAD": 0,
    "SAT": 1,
    "INTRP": 2,
    "CR": 3,
    "EDGE": 4,
    "DETECTED": 5,
    "DETECTED_NEGATIVE": 6,
    "SUSPECT": 7,
    "NO_DATA": 8,
}


def number(value):
    """A JSON value as float: "nan", "inf" and "-inf" are words there."""
    return float(value)


class Canvas:
    """Pixels under construction; one method per operation."""

    def __init__(self, shape):
        self.shape = tuple(shape)
        self.y, self.x = (axis.astype(float) for axis in np.indices(self.shape))
        self.mask = np.zeros(self.shape, np.int32)

    def plane(self, values, c):
        return values + (c[0] + c[1] * self.x + c[2] * self.y)

    def quad(self, values, c):
        x, y = self.x, self.y
        return values + (c[0] * x * x + c[1] * x * y + c[2] * y * y)

    def sin(self, values, amp, kx, ky, phase):
        return values + amp * np.sin(kx * self.x + ky * self.y + phase)

    def noise(self, values, seed, sigma):
        return values + sigma * np.random.default_rng(seed).standard_normal(self.shape)

    def sources(self, values, seed, n, amp, sigma, mask=None, thresh=None):
        rng = np.random.default_rng(seed)
        h, w = self.shape
        px, py = rng.uniform(0, w, n), rng.uniform(0, h, n)
        flux = amp * rng.pareto(1.5, n)
        for i in range(n):
            distance = (self.x - px[i]) ** 2 + (self.y - py[i]) ** 2
            light = flux[i] * np.exp(-0.5 * distance / sigma**2)
            values = values + light
            if mask:
                self.mask[light > thresh] |= 1 << PLANES[mask]
        return values

    def spikes(self, values, seed, frac, amp):
        rng = np.random.default_rng(seed)
        hit = rng.random(self.shape) < frac
        return values + np.where(hit, amp * rng.random(self.shape), 0.0)

    def quantize(self, values, step):
        return np.rint(values / step) * step

    def const(self, values, value):
        return values + value

    def uniform(self, values, seed, lo, hi):
        return values + np.random.default_rng(seed).uniform(lo, hi, self.shape)

    def paint(self, operations):
        """All operations in order, rounded to float32 at the end."""
        values = np.zeros(self.shape)
        for operation in operations:
            arguments = {k: v for k, v in operation.items() if k != "op"}
            values = getattr(self, operation["op"])(values, **arguments)
        return values.astype(np.float32)

    def selection(self, edit):
        """Pixels that an edit touches."""
        if edit["op"] == "box":
            left, bottom, width, height = edit["box"]
            chosen = np.zeros(self.shape, bool)
            chosen[bottom : bottom + height, left : left + width] = True
            return chosen
        if edit["op"] == "random":
            return np.random.default_rng(edit["seed"]).random(self.shape) < edit["frac"]
        if edit["op"] == "halfplane":
            return edit["a"] * self.x + edit["b"] * self.y > edit["c"]
        assert edit["op"] == "checker"
        return (self.x // edit["size"] + self.y // edit["size"]) % 2 == edit["parity"]


def build(recipe):
    """Make image, mask and variance of one exposure."""
    canvas = Canvas(recipe["shape"])
    planes = {
        "image": canvas.paint(recipe["image"]),
        "mask": canvas.mask,
        "variance": canvas.paint(recipe.get("variance", [{"op": "const", "value": 1.0}])),
    }
    for edit in recipe.get("edits", []):
        where = canvas.selection(edit)
        if edit["plane"] == "mask":
            planes["mask"][where] |= int(edit["value"])
        else:
            planes[edit["plane"]][where] = number(edit["value"])
    return planes


def digest(planes):
    """First 16 hex digits of the SHA-256 of the raw little-endian bytes."""
    sha = hashlib.sha256()
    for name in ("image", "mask", "variance"):
        array = planes[name]
        sha.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
    return sha.hexdigest()[:16]
