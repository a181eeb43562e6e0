"""``if-graph serve``: the official node editor and ComfyUI's HTTP API on our executor; extra ``[editor]``."""
