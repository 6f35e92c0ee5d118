"""`prove`: rest points, their verdicts and certificates, and what is said about them as JSON and as text.

A further proof is a file that `prove` calls; its answer goes through `proved`, `answer` and `describe`.
"""
