"""Alembic's migrations of the SQL database."""
