"""Credits (学分): reference credits of trainings, and what a credit bank decides of them."""
