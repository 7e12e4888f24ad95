"""OpenID Connect as one kind of identity provider (access/identity.py)."""
