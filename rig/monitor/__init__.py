"""The experimenter's view: a page in the browser that follows a session's journal, and the experimenter's commands from it."""
