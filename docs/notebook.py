"""A marimo notebook over a home: `marimo edit docs/notebook.py`, or `python docs/notebook.py` to run it once."""

import marimo

app = marimo.App(width="medium", app_title="A token, and how sure its figures are")


@app.cell
def _():
    import os

    import indexer
    import marimo as mo

    home = indexer.open(os.environ.get("RWA_HOME", "rwa-data"))
    return home, mo


@app.cell
def _(home, mo):
    tokens = home.query("SELECT DISTINCT token FROM derivations ORDER BY token").column(0).to_pylist()
    token = mo.ui.dropdown(tokens, value=tokens[0], label="Token")
    token
    return (token,)


@app.cell
def _(home, mo, token):
    supply = home.picture("supply", token.value)
    mo.Html(supply.svg())
    return (supply,)


@app.cell
def _(home, mo, token):
    # The last month of which every day is known, from opening to closing: opening + movements = closing, exactly.
    month = home.query(
        f"""
        SELECT chain_id, min_by(opening, day) AS opening, sum(issued) AS issued, sum(redeemed) AS redeemed,
          sum(closing - opening) - sum(issued) - sum(redeemed) AS other, max_by(closing, day) AS closing
        FROM supply_rollforward
        WHERE token = '{token.value}' AND basis = 'total' AND closing IS NOT NULL AND date_trunc('month', day) = (
          SELECT max(date_trunc('month', day)) FROM supply_rollforward
          WHERE token = '{token.value}' AND closing IS NOT NULL)
        GROUP BY chain_id ORDER BY chain_id
        """,
        to="polars",
    )
    mo.ui.table(month)
    return (month,)


@app.cell
def _(home, mo, token):
    holders = home.picture("holders", token.value)
    largest = home.show("balances", token.value, limit=10, to="polars").select(
        "chain_id", "holder", "balance", "role"
    )
    mo.vstack([mo.Html(holders.svg()), mo.ui.table(largest)])
    return holders, largest


@app.cell
def _(home, mo, token):
    # How sure is it: the newest certificate of each chain, and what was published and has changed since.
    certificates = home.query(
        f"""
        SELECT chain_id, max(block_number) AS block_number, max_by(verdict, block_number) AS verdict,
          max_by(holders_checked, block_number) AS holders_checked
        FROM certificates WHERE token = '{token.value}' GROUP BY chain_id ORDER BY chain_id
        """,
        to="polars",
    )
    restated = home.query(f"SELECT * FROM restatements WHERE token = '{token.value}'", to="polars")
    mo.vstack([mo.ui.table(certificates), mo.md(f"{len(restated)} published figures changed since.")])
    return certificates, restated


if __name__ == "__main__":
    app.run()
