"""Floor: errors, spans and the one declaration of every table. Imports nothing of the project."""
