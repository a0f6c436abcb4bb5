"""One pure function per endpoint: checks its arguments and returns the ``Operation``. Nothing here sends anything."""
