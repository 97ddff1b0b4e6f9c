"""The routes, one module for each section of the guide's API Reference. They ask use cases and shape answers."""
