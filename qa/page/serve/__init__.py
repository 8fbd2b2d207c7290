"""Getting the page to the browser: the server on 127.0.0.1, and the desk behind it."""
