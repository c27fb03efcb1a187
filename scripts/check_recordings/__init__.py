"""Whole line over recorded chains: replayed endpoint, backfill, answers, and the truth beside them."""
