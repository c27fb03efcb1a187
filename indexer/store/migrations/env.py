"""Alembic's entry: runs the migrations on the connection that the book hands over."""

from alembic import context
from sqlmodel import SQLModel

from indexer.store import sqltables

assert sqltables.MODELS  # noqa: S101 - importing the classes fills the metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    compare_type=True,
    user_module_prefix="sqltables.",
)
with context.begin_transaction():
    context.run_migrations()
