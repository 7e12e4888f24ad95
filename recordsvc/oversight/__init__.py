"""Watching over what is taught and paid: verifiable draws of whom to inspect (双随机抽查)."""
