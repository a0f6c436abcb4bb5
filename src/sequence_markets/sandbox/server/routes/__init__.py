"""The handlers, a module per topic. Each module's ``ROUTES`` maps paths to methods to handlers."""
