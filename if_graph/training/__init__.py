"""Trains a cascade; imports the engine, nothing imports it."""
