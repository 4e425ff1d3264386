"""Asking language models and embedding services: prompts, replies, memory (A.1)."""
