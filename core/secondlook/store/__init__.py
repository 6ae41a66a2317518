"""The store: cases, assessments, decisions and the audit trail in one database, files beside it.

`database.Database` opens it, `unit_of_work.UnitOfWork` is one transaction with a repository per
concept, `blobs.BlobStore` keeps files by content. The table rows never leave this package.
"""
