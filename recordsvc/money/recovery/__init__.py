"""Asking back what was paid too much (追回), and paying what was paid too little (补差).

A correction or revocation in the archive re-opens what it touches: an unpaid claim goes back to be checked, a
paid one opens a case. See `docs/recovery.md`.
"""
