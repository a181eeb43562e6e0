import random
import re

import pytest

from if_graph.training.world.caption import (
    PLAIN_SUBJECTS,
    SUBJECTS,
    VOCABULARY,
    all_texts,
    caption,
    plain_caption,
    with_article,
)
from if_graph.training.world.colours import BACKGROUNDS
from if_graph.training.world.concepts import CONCEPTS
from if_graph.training.world.scene import LAYOUTS, Placed, Scene, sample_scene


def scene_of(layout, *names, background="blue"):
    return Scene(background, tuple(Placed(name, 0.5, 0.5, 0.4) for name in names), layout)


@pytest.mark.parametrize(
    ("noun", "phrase"),
    [("cat", "a cat"), ("octopus", "an octopus"), ("unicorn", "a unicorn"), ("orange", "an orange")],
)
def test_the_article_follows_the_sound(noun, phrase):
    assert with_article(noun) == phrase


def test_every_text_has_right_articles():
    wrong = re.compile(r"\ba [aeio]|\ban [^aeiou]")
    assert [text for text in all_texts() if wrong.search(text)] == []


@pytest.mark.parametrize(
    ("scene", "text"),
    [
        (scene_of("centre", "cat"), "a cat on a blue background"),
        (scene_of("row", "cat", "apple"), "a cat to the left of an apple on a blue background"),
        (
            scene_of("column", "star", "house", background="orange"),
            "a star above a house on an orange background",
        ),
    ],
)
def test_the_plain_caption_is_canonical(scene, text):
    assert plain_caption(scene) == text


def test_captions_of_one_scene_vary_and_repeat_with_the_seed():
    scene = scene_of("row", "cat", "dog")
    captions = [caption(scene, random.Random(seed)) for seed in range(200)]
    assert len(set(captions)) > 100
    assert captions[:9] == [caption(scene, random.Random(seed)) for seed in range(9)]


def test_captions_use_only_lower_case_words_of_the_vocabulary():
    rng = random.Random(0)
    texts = [caption(sample_scene(rng), rng) for _ in range(500)]
    assert {word for text in texts for word in text.replace(",", "").split()} <= set(VOCABULARY)
    assert [text for text in texts if text != text.lower()] == []


def test_the_order_of_a_pair_is_never_turned_round():
    scene = scene_of("row", "star", "house")
    texts = {caption(scene, random.Random(seed)) for seed in range(400)}
    assert any("star to the left of" in text for text in texts)
    turned = re.compile(
        r"(house|cottage)( to the)? left of|star( to the)? right of|(house|cottage) on the left"
    )
    assert [text for text in texts if turned.search(text)] == []


def test_every_layout_has_words():
    assert set(LAYOUTS) == set(SUBJECTS) == set(PLAIN_SUBJECTS)


def test_no_word_means_two_things():
    words = [word for row in (*CONCEPTS.values(), *BACKGROUNDS.values()) for word in row.words]
    assert len(words) == len(set(words))
