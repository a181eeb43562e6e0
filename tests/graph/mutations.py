"""Damage real workflow files in every way that a reader may meet: as JSON, as bytes, inside pictures."""

import copy
import io
import json

from PIL import Image
from PIL.PngImagePlugin import PngInfo

JUNK = [
    *(None, True, -1, 2, 4, 0.5, 1e308, float("nan"), 10**30, -10),
    *("", "1", "5:2", "a\nb", "\ud800", "con\0x", "%date:yyyy%", "{" * 3000, "x" * 10_000),
    *("../escaped", "a/../../escaped", "..\\escaped", "/escaped", "~/escaped"),
    *("SaveImage", "PrimitiveNode", "Reroute"),
    *([], {}, [1], ["1", 0], ["1", 99], ["1", 10**30], {"a": 1}, {"__value__": [1]}, [[[[]]]]),
]


def places(data):
    """Return (holder, key) of every value in nested JSON."""
    found, waiting = [], [data]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        found += [(holder, key) for key in keys]
        waiting += [holder[key] for key in keys if isinstance(holder[key], dict | list)]
    return found


def damaged_json(data, dice):
    """Drop, replace, swap, copy and rename one to three values."""
    data = copy.deepcopy(data)
    for _ in range(dice.randint(1, 3)):
        every = places(data) or [({"": 0}, "")]
        (holder, key), (other, from_key) = dice.choice(every), dice.choice(every)
        manner = dice.choice(["drop", "junk", "junk", "copy", "swap", "rename", "again"])
        if manner == "drop":
            del holder[key]
        elif manner == "junk":
            holder[key] = copy.deepcopy(dice.choice(JUNK))
        elif manner == "copy":
            holder[key] = copy.deepcopy(other[from_key])
        elif manner == "swap":
            holder[key], other[from_key] = copy.deepcopy(other[from_key]), copy.deepcopy(holder[key])
        elif manner == "rename" and isinstance(holder, dict):
            holder[dice.choice(["1", "nodes", "links", "-10", "inputs", str(from_key)])] = holder.pop(key)
        elif manner == "again" and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
    return data


def damaged_bytes(data, dice):
    """Flip, drop, repeat and insert bytes in one to four places, or cut the end off."""
    data = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at, length = dice.randrange(len(data) + 1), dice.choice([1, 1, 2, 8, 64])
        manner = dice.choice(["flip", "drop", "repeat", "insert", "cut"])
        if manner == "flip" and at < len(data):
            data[at] ^= 1 << dice.randrange(8)
        elif manner == "drop":
            del data[at : at + length]
        elif manner == "repeat":
            data[at:at] = data[at : at + length]
        elif manner == "insert":
            data[at:at] = dice.choice([b"[", b"{", b'"', b"\\", b"\0", b"\xff", b"[" * 5000, b"1e999", b"//"])
        elif manner == "cut" and dice.random() < 0.2:
            del data[at:]
    return bytes(data)


def as_json(data):
    return json.dumps(data).encode()


def kind_of(data):
    return "workflow" if "nodes" in data else "prompt"


def as_png(data):
    texts, file = PngInfo(), io.BytesIO()
    texts.add_text(kind_of(data), json.dumps(data))
    Image.new("RGB", (2, 2)).save(file, "PNG", pnginfo=texts)
    return file.getvalue()


def as_webp(data):
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x010F] = (
        f"{'workflow' if isinstance(data, dict) and 'nodes' in data else 'prompt'}:{json.dumps(data)}"
    )
    Image.new("RGB", (2, 2)).save(file, "WEBP", exif=exif)
    return file.getvalue()


MANNERS = {
    "json": lambda data, dice: as_json(damaged_json(data, dice)),
    "bytes of json": lambda data, dice: damaged_bytes(as_json(data), dice),
    "json in png": lambda data, dice: as_png(damaged_json(data, dice)),
    "bytes of png": lambda data, dice: damaged_bytes(as_png(data), dice),
    "json in webp": lambda data, dice: as_webp(damaged_json(data, dice)),
    "bytes of webp": lambda data, dice: damaged_bytes(as_webp(data), dice),
}
