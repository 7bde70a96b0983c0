"""Frame of all pages: sign-in, visitors, forms, fields, drafts, refusals."""
