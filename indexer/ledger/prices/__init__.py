"""Prices: where the price of one token unit comes from, as pure functions. One module an idea."""
