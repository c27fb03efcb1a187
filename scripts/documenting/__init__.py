"""What scripts/docs makes: a page from the declaration of the tables, and a picture of a real run."""
