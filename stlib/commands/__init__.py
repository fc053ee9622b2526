"""What `python -m stlib` can do: each command a function whose arguments tyro reads."""

__all__: list[str] = []
