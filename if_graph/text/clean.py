"""A caption becomes the plain lower-case text that the model was trained on; strings only.

One pass is a table of rules, applied from top to bottom; a caption goes through it twice. The table repeats
the training's cleaning to the letter, oddities included: the model knows only captions that went through it.
"""

import html
import re
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any
from urllib.parse import unquote_plus

from if_graph.errors import InputError

Rule = Callable[[str], str]
"""One step of the cleaning."""


def clean_caption(text: str) -> str:
    """Clean a caption as IF's training captions were.

    Args:
        text: what the user wrote, any characters.

    Returns:
        The cleaned text, stripped; may be empty.

    Raises:
        InputError: if the text has HTML, or letters outside ASCII, and the library for them is absent.

    Source: DeepFloyd IF, caption cleaning of its T5 embedder and of diffusers' IF pipelines, two passes.
    """
    for rule in RULES * 2:
        text = rule(text)
    return text


def _sub(pattern: str, replacement: str = "") -> Rule:
    """Return the rule that replaces every match."""
    compiled = re.compile(pattern)
    return lambda text: compiled.sub(replacement, text)


def _decode(text: str) -> str:
    return unquote_plus(text).strip().lower()


def _split_chains(text: str) -> str:
    """Turn hyphens and underscores into spaces where they glue a whole caption together."""
    joints = re.compile("[-_]")
    return joints.sub(" ", text) if len(joints.findall(text)) > 3 else text


def _strip_html(text: str) -> str:
    """Keep what a browser would show; a text without tags and entities shows itself."""
    if not re.search("<|&[a-zA-Z#]", text):
        return text
    bs4 = _library("bs4", "beautifulsoup4", text, "[<&]")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", bs4.MarkupResemblesLocatorWarning)  # a caption is no file name
            shown: str = bs4.BeautifulSoup(text, "html.parser").text
    except bs4.ParserRejectedMarkup as error:
        raise InputError(f"caption: got broken HTML in {text!r}, expected text; remove the tag") from error
    return shown


def _repair(text: str) -> str:
    """Undo broken encodings and resolve entities; plain ASCII has neither once ampersands are gone.

    The original strips here, diffusers does not: this follows diffusers. Two passes hide nearly every
    difference.
    """
    if re.fullmatch(r"[\t\n\r -%'-~]*", text):
        return text
    ftfy = _library("ftfy", "ftfy", text, r"[^\t\n\r -%'-~]")
    return html.unescape(html.unescape(ftfy.fix_text(text)))


def _library(module: str, package: str, text: str, odd: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        words = ", ".join(repr(word) for word in text.split() if re.search(odd, word))
        raise InputError(
            f"caption: got {words or repr(text)}, which only {package} can clean as the model was trained, "
            'expected plain ASCII without HTML; pip install "if-graph[captions]" or write it in plain letters'
        ) from error


_HOST = r"[a-z0-9.\-]+\.(?:com|co|ru|net|org|edu|gov|it)[\w/\-]*\b/?(?!@)"
_FILE = "(?:png|jpg|jpeg|bmp|webp|eps|pdf|apk|mp4)"
_CJK = "\u31c0-\u9fff"  # seven neighbouring blocks, from the strokes to the unified ideographs; no kana
_DASHES = (
    "\u002d\u058a\u05be\u1400\u1806\u2010-\u2015\u2e17\u2e1a\u2e3a\u2e3b\u2e40"
    "\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d"
)

RULES: tuple[Rule, ...] = (
    _decode,
    _sub("<person>", "person"),  # the data set's stand-in for names
    _sub(rf"\b(?:https?:(?:/{{1,3}}|[a-z0-9%])|{_HOST})"),
    _sub(rf"\b(?:www:(?:/{{1,3}}|[a-z0-9%])|{_HOST})"),
    _strip_html,
    _sub(r"@\w+\b"),
    _sub(f"[{_CJK}]+"),
    _sub(f"[{_DASHES}]+", "-"),
    _sub("[`´«»“”¨]", '"'),
    _sub("[‘’]", "'"),
    _sub("&quot;?"),
    _sub("&amp"),
    _sub(r"\d{1,3}(?:\.\d{1,3}){3}", " "),  # network addresses
    _sub(r"\d:\d\d\s+$"),
    _sub(r"\\n", " "),  # a backslash and an n
    _sub(r"#\d{1,3}\b"),
    _sub(r"#\d{5,}\b"),
    _sub(r"\b\d{6,}\b"),
    _sub(rf"\S+\.{_FILE}"),
    _sub("[\"']{2,}", '"'),
    _sub(r"\.{2,}", " "),
    _sub(r"[#®•©™&@·º½¾¿¡§~)(\]\[}{|\\/*]+", " "),
    _sub(r"\s+\.\s+", " "),
    _split_chains,
    _repair,
    _sub(r"\b[a-zA-Z]{1,3}\d{3,15}\b"),  # codes: jc6640
    _sub(r"\b[a-zA-Z]+\d+[a-zA-Z]+\b"),  # jc6640vc
    _sub(r"\b\d+[a-zA-Z]+\d+\b"),  # 6640vc231
    _sub(r"(?:worldwide\s+)?(?:free\s+)?shipping"),
    _sub(r"(?:free\s)?download(?:\sfree)?"),
    _sub(r"\bclick\b\s(?:for|on)\s\w+"),
    _sub(rf"\b{_FILE}(?:\simages?)?"),
    _sub(r"\bpage\s+\d+\b"),
    _sub(r"\b\d*[a-zA-Z]+\d+[a-zA-Z]+\d+[a-zA-Z\d]*\b", " "),  # j2d1a2a
    _sub(r"\b\d+\.?\d*[x\u0445×]\d+\.?\d*\b"),  # sizes, with a Latin or Cyrillic x
    _sub(r"\b\s+:\s+", ": "),
    _sub(r"(\D[,./])\b", r"\1 "),
    _sub(r"\s+", " "),
    _sub(r"^[\"']([\w\W]+)[\"']$", r"\1"),
    _sub("^[',:;_-]"),
    _sub("[',:_+-]$"),
    _sub(r"^\.\S+$"),
    str.strip,
)
"""One pass, in order. No strip follows the whitespace rule: training threw the result of its own away."""
