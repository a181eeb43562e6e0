import pytest

from if_graph.training.world import svgs
from if_graph.training.world.concepts import CONCEPTS

BLOB = '<svg viewBox="0 0 36 36"><circle cx="18" cy="18" r="16" fill="#55acee"/></svg>'
BADGE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36">'
    '<defs><clipPath id="a"><rect x="4" y="4" width="28" height="20"/></clipPath></defs>'
    '<g clip-path="url(#a)"><path fill="#dd2e44" d="M2 2L34 7L20 34z"/><circle cx="12" cy="12" r="5"/></g>'
    "</svg>"
)


@pytest.fixture(scope="session")
def drawings():
    """Two hand-written drawings stand for all concepts: nothing has to be fetched."""
    texts = (BLOB, BADGE)
    return {name: svgs.Drawing.parse(texts[i % 2], name) for i, name in enumerate(CONCEPTS)}


@pytest.fixture(scope="session")
def twemoji():
    if svgs.missing_files(svgs.WORLD.values()):
        pytest.skip(f"needs the Twemoji drawings; fetch them with: {svgs.FETCH_COMMAND}")
    return svgs.load_drawings()
