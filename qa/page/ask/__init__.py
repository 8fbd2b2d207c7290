"""Asking on the page: a conversation, its turns as HTML, and the sources beside them."""
