"""What all pages share: sign-in, visitor, forms, fields, drafts, refusals."""
