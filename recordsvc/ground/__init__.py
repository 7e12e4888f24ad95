"""Ground: database, strict JSON, problems, clock, paging, two-person acts. No domain word stands in here."""
