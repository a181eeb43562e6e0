"""One pure step function per sampler, and the one loop that drives them."""
