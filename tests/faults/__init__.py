"""What an attacker, an operator or a machine may do to the data, and who notices."""
