import random
import sys
import warnings

import pytest

from if_graph.errors import InputError
from if_graph.text import clean_caption

GOLDEN = {
    "A photo of a CAT, 4k (best quality) http://x.com/foo": "a photo of a cat, 4k best quality",
    "self-portrait of j2d1a2a 100x200 page 5 free shipping": "self-portrait of",
    "50% off &amp; <b>bold</b> #123 #12345 3:45  ": "50% off bold 3:45",
    '"quoted caption"': "quoted caption",
    "<person> in a bmw320": "person in a",
    "": "",
    "   ": "",
    "black & white": "black white",
    "one-two-three-four": "one-two-three-four",
    "one-two_three-four-five": "one two three four five",
    "a – b — c": "a - b - c",
    "mail me@example, ok": "mail me, ok",
    "at 192.168.0.12 now": "at now",
    "see photo.jpeg here": "see here",
    "colon : here": "colon: here",
    "one,two": "one, two",
    "1,5 of a/b": "1,5 of a b",
    ".hidden": "",
}
ASCII = [text for text in GOLDEN if text.isascii() and "<" not in text and "&a" not in text]
# fmt: off
ATOMS = (
    "http://a.com/x-y/", "https://x", "www:/q", "shop.co.uk/a_b", "x.org@y", "ftp.site.ru",
    "me@host.com", "%20", "日本", "漢字cat", "ｆｕｌｌ", "カナ", "㈱", "é", "ÃƒÂ©", "naïve",
    "ﬁne", "Ⅷ", "١٢٣",    "🐱", "\u200b", "\xa0", "İ", "ß", "<b>", "</b>", "<br/>", "<person>", "<!-- c -->",
    "<script>x</script>", "a<b", "<", ">", "<p class='q'>", "&amp;", "&lt;b&gt;", "&quot;", "&quot",
    "&#65;", "&#x41", "&copy;", "&nbsp;", "at&t", "&", "&amp;amp;", "&bogus;", '"', "'", "`", "«x»",
    "“x”", "‘x’", "''", '"\'"', "´", "¨", "--", "–", "—", "_", "-", "a-b", "a_b_c", "゠", "123456",
    "12345", "#1", "#1234", "#12345", "3:45", "3:45 ", "1.2.3.4", "jc6640", "jc6640vc", "6640vc231",
    "4k", "j2d1a2a", "2d", "mp3player", "10x20", "1.5x2.5", "3х4", "3×4", "page 5", "PAGE  12",
    "photo.jpg", "x.PNG", "jpg images", "free shipping", "worldwide free shipping", "free download",
    "download free", "click on me", "click for x", "cat", "Dog", "A", " ", "  ", "\n", "\t", "\r\n",
    "\\n", ".", "..", " . ", ",", "/", ":", " : ", ";", "!", "?", "(x)", "[y]", "{z}", "|", "*",
    "***", "~", "@", "@nick", "#tag", "+", "%", "%3C", "%26", "c++", "$5", "^", "=", "a.b", "a,b",
    "a/b",
)
# fmt: on
PRINTABLE = "".join(map(chr, range(32, 127))) + "\t\n\r"


def nasty(count, atoms, seed):
    """Captions of 1..12 atoms, with and without spaces between them."""
    dice = random.Random(seed)
    return [dice.choice(["", " "]).join(dice.choices(atoms, k=dice.randint(1, 12))) for _ in range(count)]


def peer_clean(text):
    """The same caption, cleaned by diffusers' pipeline."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # diffusers and bs4 warn about things that are not under test
        diffusers = pytest.importorskip(
            "diffusers", reason="needs diffusers: pip install if-graph[reference]"
        )
        pipeline = object.__new__(diffusers.IFPipeline)
        return pipeline._text_preprocessing(text, clean_caption=True)[0]


@pytest.fixture
def no_libraries(monkeypatch):
    """Make imports of the optional libraries fail."""
    for name in ("ftfy", "bs4"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.parametrize("text", GOLDEN)
def test_known_captions_come_out_as_expected(text):
    assert clean_caption(text) == GOLDEN[text]


@pytest.mark.parametrize("text", ASCII)
def test_plain_captions_need_no_library(no_libraries, text):
    assert clean_caption(text) == GOLDEN[text]


@pytest.mark.parametrize("text", GOLDEN)
def test_known_captions_equal_the_peers(text):
    assert peer_clean(text) == GOLDEN[text]


@pytest.mark.parametrize("seed", range(8))
def test_nasty_captions_equal_the_peers(seed):
    for text in nasty(100, ATOMS, seed):
        assert clean_caption(text) == peer_clean(text), text


@pytest.mark.parametrize("seed", range(4))
def test_random_characters_equal_the_peers(seed):
    for text in nasty(100, PRINTABLE.replace("<", "") + "éß日–«×", seed):
        assert clean_caption(text) == peer_clean(text), text


def test_ascii_without_html_is_the_same_with_and_without_libraries(monkeypatch):
    texts = nasty(500, [atom for atom in ATOMS if atom.isascii() and not set("<&%") & set(atom)], 0)
    texts += nasty(500, sorted(set(PRINTABLE) - set("<&%")), 1)
    with_libraries = [peer_clean(text) for text in texts]
    monkeypatch.setitem(sys.modules, "ftfy", None)
    monkeypatch.setitem(sys.modules, "bs4", None)
    assert [clean_caption(text) for text in texts] == with_libraries


def test_ftfy_and_unescape_leave_plain_ascii_alone():
    ftfy = pytest.importorskip("ftfy", reason="needs ftfy: pip install if-graph[captions]")
    for text in nasty(2000, sorted(set(PRINTABLE) - set("&\r")), 2):
        assert ftfy.fix_text(text) == text


def test_the_html_parser_leaves_text_without_tags_and_entities_alone():
    bs4 = pytest.importorskip("bs4", reason="needs beautifulsoup4: pip install if-graph[captions]")
    for text in nasty(2000, [*(set(PRINTABLE) - set("<&")), "& ", "&1", "&;", "é"], 3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", bs4.MarkupResemblesLocatorWarning)
            shown = bs4.BeautifulSoup(text + "&", "html.parser").text
        assert shown == text + "&"


@pytest.mark.parametrize(
    ("text", "words", "package"),
    [
        ("a café in zürich", "'café', 'zürich'", "ftfy"),
        ("a \x7f b", "'\\x7f'", "ftfy"),
        ("a <b>bold</b> cat", "'<b>bold</b>'", "beautifulsoup4"),
        ("rock&amp;roll band", "'rock&amp;roll'", "beautifulsoup4"),
    ],
)
def test_without_the_library_the_odd_words_and_the_cure_are_named(no_libraries, text, words, package):
    with pytest.raises(InputError) as caught:
        clean_caption(text)
    assert f"got {words}, which only {package} can clean" in str(caught.value)
    assert 'pip install "if-graph[captions]"' in str(caught.value)


def test_foreign_characters_that_are_dropped_or_have_an_ascii_twin_need_no_library(no_libraries):
    assert clean_caption("日本 “cat” – it’s") == '"cat" - it\'s'


def test_broken_html_is_an_input_error():
    pytest.importorskip("bs4", reason="needs beautifulsoup4: pip install if-graph[captions]")
    with pytest.raises(InputError, match="got broken HTML"):
        clean_caption("a <![odd cat")
