"""The demo: two small real tracks that are shipped with the project, and what loads them."""
