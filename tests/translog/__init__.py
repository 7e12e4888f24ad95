"""Tests of the log's mechanisms against published vectors, a naive model, and other people's verifiers."""
