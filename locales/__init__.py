"""Texts of the nodes by language, where ComfyUI looks for them; a package only so that wheels carry them."""
