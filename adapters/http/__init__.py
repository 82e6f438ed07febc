"""The HTTP API: commands in, answers out. What a refusal is in HTTP stands in `problems`."""
