"""One pass: news of both sides in, decisions, changes out, and what a killed pass left in doubt."""
