"""Files of the next network are read while another works: who is next, and what is read."""

import weakref

import pytest
import torch

from if_graph import read_ahead
from if_graph.errors import CheckpointError
from if_graph.filling import Source
from if_graph.read_ahead import Reading
from if_graph.room import Room

CPU = torch.device("cpu")


class Network:
    """A guest that only says what it is asked."""

    is_here = False

    def __init__(self, name, device=CPU, reads_ahead=True):
        self.source = Source(lambda: {name: torch.ones(3)}, lambda _, raw: raw, device)
        self.reads_ahead = reads_ahead

    def let_go(self):
        self.is_here = False

    def work(self, place):
        """Do what a resident does; return the names of the weights that were read beforehand."""
        place.enter(self)
        read = place.read_for(self)
        self.is_here = True
        place.read_ahead(self)
        return None if read is None else list(read)


def housed(*guests):
    place = Room()
    for guest in guests:
        place.expect(guest)
    return place


def test_who_was_loaded_next_is_read_while_another_works():
    text, one, two = guests = [Network(name) for name in ("text", "one", "two")]
    place = housed(*guests)
    assert [text.work(place), one.work(place), two.work(place)] == [None, ["one"], ["two"]]


def test_who_followed_the_last_time_is_read():
    one, two, three = guests = [Network(name) for name in ("one", "two", "three")]
    place = housed(*guests)
    for guest in (two, one, three):
        guest.work(place)
    assert [guest.work(place) for guest in (two, one, three)] == [None, ["one"], ["three"]]


def test_after_the_last_nothing_is_held():
    one, two = guests = [Network(name) for name in ("one", "two")]
    place = housed(*guests)
    for guest in (one, two, one, two):
        guest.work(place)
    assert place._readings == {}


def test_a_wrong_guess_is_forgotten():
    one, two, three = guests = [Network(name) for name in ("one", "two", "three")]
    place = housed(*guests)
    one.work(place)
    assert three.work(place) is None
    assert two.work(place) == ["two"]  # known to be left when three came


def test_devices_have_readings_of_their_own(monkeypatch):
    monkeypatch.setattr(read_ahead, "_pinned", torch.clone)
    other = torch.device("cuda", 1)
    one, far, two = guests = [Network("one"), Network("far", other), Network("two")]
    place = housed(*guests)
    assert [one.work(place), far.work(place), two.work(place)] == [None, None, ["two"]]


def test_networks_that_come_layer_by_layer_are_not_read():
    one, two = guests = [Network("one"), Network("two", reads_ahead=False)]
    place = housed(*guests)
    assert [one.work(place), two.work(place)] == [None, None]


def test_what_is_being_read_is_not_read_twice():
    one, layers, two = guests = [Network("one"), Network("layers", reads_ahead=False), Network("two")]
    place = housed(*guests)
    one.work(place)
    reading = place._readings[CPU]
    place.enter(layers)  # which asks for no reading
    place.read_ahead(layers)
    assert place._readings[CPU] is reading
    assert two.work(place) == ["two"]


def test_guests_that_are_gone_are_forgotten():
    one, two, three = guests = [Network(name) for name in ("one", "two", "three")]
    place = housed(*guests)
    one.work(place)
    gone = weakref.ref(two)
    del two, guests
    assert gone() is None
    one.work(place)
    assert three.work(place) == ["three"]


def test_for_a_gpu_weights_are_pinned_once(monkeypatch):
    pinned = []
    monkeypatch.setattr(read_ahead, "_pinned", lambda tensor: pinned.append(tensor) or tensor.clone())
    weight = torch.arange(4.0)
    source = Source(lambda: {"a": weight, "tied": weight}, lambda _, raw: raw, torch.device("cuda"))
    read = Reading(source).result()
    assert len(pinned) == 1
    assert read["a"] is not weight
    assert torch.equal(read["tied"], weight)


@pytest.mark.parametrize("shape", [(), (0,), (3, 5), (100, 100)])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.int8])
def test_for_a_cpu_mapped_weights_stay_as_they_are(shape, dtype):
    weight = torch.ones(shape, dtype=dtype)
    read = Reading(Source(lambda: {"a": weight}, lambda _, raw: raw, CPU)).result()
    assert read["a"].data_ptr() == weight.data_ptr()
    assert torch.equal(read["a"], weight)


def test_what_cannot_be_read_is_left_to_whoever_uses_it():
    def missing():
        raise CheckpointError("gone")

    assert Reading(Source(missing, lambda _, raw: raw, CPU)).result() is None


def test_a_stopped_reading_holds_nothing():
    reading = Reading(Source(lambda: {"a": torch.ones(3)}, lambda _, raw: raw, CPU))
    reading.stop()
    assert reading.result() is None
