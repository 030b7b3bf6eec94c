"""Reference data: feeds read, validated, stored with what was known when."""
