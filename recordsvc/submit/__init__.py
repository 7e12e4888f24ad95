"""The centre's side: reads a roster, signs it on the centre's machine, sends it, keeps receipts."""
