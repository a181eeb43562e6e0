"""Networks that make one noise prediction; no loop over time lives here."""
