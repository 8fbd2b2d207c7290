"""The room "Articles": what is indexed, how it stands to the folder, and each text."""
