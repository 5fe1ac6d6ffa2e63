"""The pages, one module a subject: each names its routes, reads through a use case and fills a template."""
