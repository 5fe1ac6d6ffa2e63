"""The conflict inbox: a database in Notion with one row for each open conflict, in which people decide them."""
