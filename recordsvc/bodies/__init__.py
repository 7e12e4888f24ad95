"""Who may teach and assess: institutions with dated facts."""
