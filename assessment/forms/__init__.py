"""What people type into the organizer's pages, one module a noun."""
