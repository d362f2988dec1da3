"""Networks of torch modules. They need torch and their framework, and nothing is imported here."""

__all__: list[str] = []
