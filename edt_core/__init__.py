"""EDT's core: the pipeline of LLM-EDT, its models and its project store. It draws nothing."""

__version__ = "0.1.0"
