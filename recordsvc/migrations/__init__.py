"""Alembic: `env.py` connects, `versions/` holds the numbered steps."""
