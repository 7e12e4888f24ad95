"""Tests of the witness: the protocol against the real process, its memory, its key, its limits."""
