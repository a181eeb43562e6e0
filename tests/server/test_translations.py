"""``/i18n``: texts of nodes in other languages, as the editor reads them."""

import json

from if_graph.server.translations import translations


def write(pack, language, **files):
    folder = pack / "locales" / language
    folder.mkdir(parents=True)
    for name, texts in files.items():
        (folder / f"{name}.json").write_text(texts if isinstance(texts, str) else json.dumps(texts))
    return pack


def test_the_server_speaks_the_languages_of_the_package(server):
    told = server.json("GET", "/i18n")
    assert told["de"]["nodeDefs"]["IFLoadStage"]["display_name"] == "IF Stufe laden"
    assert told["en"]["nodeDefs"]["IFLoadStage"]["display_name"] == "IF Load Stage"


def test_a_pack_adds_its_texts_to_those_that_are_there(tmp_path):
    one = write(
        tmp_path / "one", "de", nodeDefs={"A": {"display_name": "Ah", "description": "alt"}}, odd={"x": 1}
    )
    two = write(tmp_path / "two", "de", nodeDefs={"A": {"description": "neu"}}, main={"greeting": "Hallo"})
    told = translations([one, two])["de"]
    assert told["nodeDefs"]["A"] == {"display_name": "Ah", "description": "neu"}
    assert told["greeting"] == "Hallo"
    assert "IFLoadStage" in told["nodeDefs"]
    assert "odd" not in told


def test_a_broken_file_is_said_and_left_out(tmp_path, capsys):
    pack = write(tmp_path, "de", nodeDefs="{", commands="[]")
    assert translations([pack])["de"].get("commands", {}) == {}
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert str(tmp_path / "locales" / "de" / "nodeDefs.json") in said[1]
