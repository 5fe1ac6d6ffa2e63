"""The plain page for people: databases as tables, cells to edit, acting as a chosen person."""
