"""Vault: key store, envelope encryption, signatures."""
