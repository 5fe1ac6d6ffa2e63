"""The life of the log: what leaves it for archives, how they are read and proven, what is redacted in both."""
