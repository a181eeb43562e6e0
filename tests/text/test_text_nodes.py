import pytest
import torch
from if_graph_nodes.text import IFBatchEmbeds, IFEncodeText, IFLoadEmbeds, IFMixEmbeds, IFSaveEmbeds

from if_graph.errors import InputError
from if_graph.folders import Folders, using_folders
from if_graph.graph import DiskCache
from if_graph.graph.cache import NodeResult
from if_graph.graph.storable import Codec
from if_graph.text import TextEmbeddings, load_text_encoder

LONG = "a photo of a red cat on a blue mat " * 10


@pytest.fixture
def folders(tmp_path):
    found = Folders(tmp_path / "in", tmp_path / "out", tmp_path / "tmp")
    with using_folders(found):
        yield found


def embeds(value, prompt):
    mask = torch.ones(1, 4, dtype=torch.bool)
    return TextEmbeddings(torch.full((1, 4, 3), float(value)), mask, (prompt,))


def test_the_published_inputs_of_encode_text_keep_their_order():
    groups = IFEncodeText.INPUT_TYPES()
    assert list(groups["required"]) == ["text_encoder", "prompt", "negative_prompt", "clean_caption"]
    assert list(groups["optional"]) == ["chunks"]


def test_words_that_are_not_read_are_shown(tiny_folder):
    encoder = load_text_encoder(tiny_folder)
    shown = IFEncodeText().run(encoder, LONG, "", True)
    assert shown["ui"]["text"][0].startswith("not read, the prompt is too long: ")
    assert IFEncodeText().run(encoder, "a cat", "", True)["ui"] == {}
    assert IFEncodeText().run(encoder, LONG, "", True, chunks=8)["ui"] == {}


def test_prompt_and_negative_prompt_have_one_length(tiny_folder):
    positive, negative = IFEncodeText().run(load_text_encoder(tiny_folder), LONG, "", True, chunks=8)[
        "result"
    ]
    assert positive.length == negative.length > 77
    assert (positive.prompts, negative.prompts) == ((LONG,), ("",))


def test_mix_and_batch_take_what_is_connected():
    cat, dog, cow = embeds(1, "cat"), embeds(2, "dog"), embeds(6, "cow")
    assert IFMixEmbeds().run(cat, 1.0, dog, 1.0, embeds_4=cow, weight_4=2.0)[0].states[0, 0, 0] == 3.75
    assert IFBatchEmbeds().run(cat, dog, embeds_5=cow)[0].prompts == ("cat", "dog", "cow")


def test_saved_embeddings_can_be_loaded_under_the_name_shown(folders):
    for n in (1, 2):
        shown = IFSaveEmbeds().run(embeds(n, "cat"), "embeds/if")["ui"]["text"]
        assert shown == [f"embeds/if_0000{n}_.safetensors [output]"]
    assert IFLoadEmbeds.INPUT_TYPES()["required"]["embeds_file"][0] == [
        "embeds/if_00001_.safetensors [output]",
        "embeds/if_00002_.safetensors [output]",
    ]
    assert IFLoadEmbeds().run("embeds/if_00002_.safetensors [output]")[0].states[0, 0, 0] == 2


def test_embeddings_in_the_input_folder_need_no_sign(folders):
    IFSaveEmbeds().run(embeds(1, "cat"), "if")
    folders.output.rename(folders.input)
    assert IFLoadEmbeds.INPUT_TYPES()["required"]["embeds_file"][0] == ["if_00001_.safetensors"]
    assert IFLoadEmbeds().run("if_00001_.safetensors")[0].prompts == ("cat",)
    assert len(IFLoadEmbeds.IS_CHANGED("if_00001_.safetensors")) == 64


@pytest.mark.parametrize(
    "name", ["../secret.safetensors", "none.safetensors", "/etc/passwd", "../x [output]"]
)
def test_nothing_outside_the_folders_is_read(folders, name):
    folders.input.mkdir()
    (folders.input.parent / "secret.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="are not in the folder"):
        IFLoadEmbeds().run(name)
    assert "are not in the folder" in IFLoadEmbeds.VALIDATE_INPUTS(name)


def test_nothing_outside_the_output_folder_is_written(folders):
    with pytest.raises(InputError, match="leads out of the output folder"):
        IFSaveEmbeds().run(embeds(1, "cat"), "../if")
    assert "leads out" in IFSaveEmbeds.VALIDATE_INPUTS("../if")


def test_embeddings_come_back_from_a_disk_cache_as_they_were(tmp_path):
    codec, made = Codec.of({"IFEncodeText": IFEncodeText}), NodeResult(([embeds(1, "cat")], [embeds(2, "")]))
    DiskCache(tmp_path, codec).put("k", made, 1.0)
    (cat,), (empty,) = DiskCache(tmp_path, codec).get("k").outputs
    assert codec.is_offered(made)
    assert (cat.prompts, empty.prompts) == (("cat",), ("",))
    assert torch.equal(
        torch.cat([cat.states, empty.states]), torch.cat([embeds(1, "").states, embeds(2, "").states])
    )


def test_results_of_unfinished_runs_are_not_offered_as_embeddings(folders):
    for name in ("mine.safetensors", ".runs/1/results/ab/other.safetensors"):
        (folders.output / name).parent.mkdir(parents=True, exist_ok=True)
        (folders.output / name).touch()
    assert IFLoadEmbeds.INPUT_TYPES()["required"]["embeds_file"][0] == ["mine.safetensors [output]"]
