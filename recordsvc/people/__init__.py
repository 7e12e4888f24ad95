"""Who is: identifiers, cards, workers and merges."""
