"""What consumers may rely on: a JSON Schema for each value, and an AsyncAPI document for the topics.

Made from the models, and kept beside them: where the two differ, a test says what an author has to do.
"""
