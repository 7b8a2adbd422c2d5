"""Who is shown which quality, and what each link carries."""
