"""The nano world: captioned pictures composed from Twemoji drawings, as many as a training run wants."""
