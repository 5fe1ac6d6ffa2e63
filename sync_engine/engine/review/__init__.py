"""What waits for a person: conflicts, held records, a pass stopped by the brake."""
