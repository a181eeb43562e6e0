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
from if_graph.training.world.signs import LETTERS, sample_word


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
    unsigned = [
        text for text in all_texts() if "sign" not in text
    ]  # a sign may say a letter that looks like one
    assert [text for text in unsigned if wrong.search(text)] == []


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


@pytest.mark.parametrize(
    ("layout", "places", "text"),
    [
        ("small", [(0.5, 0.5)], "a small cat on a blue background"),
        ("large", [(0.5, 0.5)], "a large cat on a blue background"),
        ("corner", [(0.8, 0.2)], "a cat in the top right corner on a blue background"),
        ("group", [(0.2, 0.5), (0.5, 0.5), (0.8, 0.5)], "three cats on a blue background"),
    ],
)
def test_the_plain_caption_says_size_place_and_number(layout, places, text):
    scene = Scene("blue", tuple(Placed("cat", *place, 0.3) for place in places), layout)
    assert plain_caption(scene) == text


def test_the_plain_caption_of_a_sign_says_its_letters():
    sign = Scene("red", (Placed("sign", 0.5, 0.5, 0.9),), "sign", "ZOO")
    assert plain_caption(sign) == "a sign that says zoo on a red background"


def test_signs_say_one_to_four_letters():
    words = [sample_word(random.Random(seed)) for seed in range(300)]
    assert {len(word) for word in words} == {1, 2, 3, 4}
    assert set("".join(words)) == set(LETTERS)


def test_captions_of_one_scene_vary_and_repeat_with_the_seed():
    scene = scene_of("row", "cat", "dog")
    captions = [caption(scene, random.Random(seed)) for seed in range(200)]
    assert len(set(captions)) > 100
    assert captions[:9] == [caption(scene, random.Random(seed)) for seed in range(9)]


def test_captions_use_only_lower_case_words_of_the_vocabulary():
    rng = random.Random(0)
    scenes = [sample_scene(rng) for _ in range(500)]
    texts = [caption(scene, rng) for scene in scenes]
    spelled = {scene.text.lower() for scene in scenes}
    words = {word for text in texts for word in re.findall("[a-z0-9]+", text)}
    assert words <= set(VOCABULARY) | spelled
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
