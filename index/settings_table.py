"""The settings as a table, for the README and `dateline settings`."""

from index.settings import setting_names


def settings_table() -> str:
    """Every setting as a Markdown table, for the README and `dateline settings`."""
    rows = ["| setting | default | meaning |", "| --- | --- | --- |"]
    for name, default, meaning in setting_names():
        if isinstance(default, tuple):
            shown = ", ".join(str(item) for item in default)
        elif name == "models_folder":
            shown = "the platform's cache folder"
        else:
            shown = "" if default is None else str(default)
        rows.append(f"| `{name}` | {shown} | {meaning} |")
    return "\n".join(rows)
