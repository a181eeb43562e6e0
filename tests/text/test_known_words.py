"""The list of words that comes with the bundled cascade, and what is said of others."""

import pytest

from if_graph.cli import main
from if_graph.errors import CheckpointError
from if_graph.text.known_words import BUNDLED, KnownWords, load_known_words

SIGNS = KnownWords({"cat": ("kitten",)}, {"blue": ()}, frozenset({"a", "cat", "sign", "says"}), signs=True)


def test_the_bundled_list_knows_its_own_words():
    known = load_known_words(BUNDLED)
    assert "cat" in known.things
    assert "blue" in known.backgrounds
    assert known.unknown("A Kitten to the left of an apple, on a blue background") == ()


def test_an_unknown_word_is_told_with_the_nearest_known_one():
    assert SIGNS.advice("a catt, a catt") == (
        "the text encoder has never read 'catt'; the nearest known word is 'cat'",
    )


def test_a_word_like_no_other_is_told_with_where_to_look():
    assert SIGNS.advice("zzzzzzzz")[0].endswith("'if-graph nano words' lists what is known")


@pytest.mark.parametrize(
    ("prompt", "unknown"),
    [("a sign says hi", ()), ("a sign says hello", ("hello",)), ("a cat says hi", ("hi",)), ("", ())],
)
def test_only_signs_may_say_any_short_word(prompt, unknown):
    assert SIGNS.unknown(prompt) == unknown


def test_a_checkpoint_without_a_list_knows_everything(tmp_path):
    assert load_known_words(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"things": [], "backgrounds": {}, "words": [], "signs": 0}']
)
def test_a_damaged_list_is_refused(tmp_path, text):
    (tmp_path / "words.json").write_text(text)
    with pytest.raises(CheckpointError, match="got no list of words"):
        load_known_words(tmp_path)


def test_the_command_lists_things_and_colours(capsys):
    assert main(["nano", "words"]) == 0
    things, colours, signs = capsys.readouterr().out.splitlines()
    assert things.startswith("67 things: airplane (plane, aeroplane), apple")
    assert colours.startswith("12 background colours: ")
    assert signs.startswith("signs: any word of up to 4 letters")


def test_the_command_writes_the_worlds_own_list(tmp_path, capsys):
    assert main(["nano", "words", "--write", str(tmp_path / "new")]) == 0
    known = load_known_words(tmp_path / "new")
    assert (len(known.things), known.signs) == (67, True)
    assert known.unknown("three strawberries on a teal backdrop") == ()


def test_the_command_says_where_there_is_no_list(tmp_path, capsys):
    assert main(["nano", "words", "--checkpoint", str(tmp_path)]) == 2
    assert "has no words.json" in capsys.readouterr().err
