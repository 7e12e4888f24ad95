"""Rules (补贴规则): dated standards as data, decisions with their reasons, the catalogue, the registers.

    text (YAML) ── reading ──> plain values ── parsing, checking ──> Rule ── decide(facts) ──> Decision
                                                                                                   │
                                        explaining: which article, which number, what would change it

Knows nothing of funds, claims or the bank. Whoever asks brings the facts; a decision depends on them, on the
rule and on nothing else, so that it can be replayed byte for byte.
"""
