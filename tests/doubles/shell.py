"""A real shell at a pseudo-terminal, as it is when somebody types into it."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios

import pyte
from doubles.programs import missing, program

COLUMNS, LINES = 160, 50
BASH_COMPLETION = "/usr/share/bash-completion/bash_completion"
PROMPT = "READY> "
BEGINNING_OF_LINE = "\x01"
STARTED = {
    "bash": ["bash", "--noprofile", "--rcfile", "{home}/.bashrc", "-i"],
    "zsh": ["zsh", "-i"],
    "fish": ["fish", "-i"],
}
RC = {
    "bash": (
        ".bashrc",
        """. /usr/share/bash-completion/bash_completion
PS1='{prompt}'
bind 'set show-all-if-ambiguous on'
bind 'set completion-query-items 0'
""",
    ),
    "zsh": (
        ".zshrc",
        "fpath=({share}/zsh/site-functions $fpath)\nautoload -Uz compinit\ncompinit -u -D\nPS1='{prompt}'\n",
    ),
    "fish": (
        ".config/fish/config.fish",
        "function fish_prompt; echo -n '{prompt}'; end\nset -g fish_greeting\nset -g fish_autosuggestion_enabled 0\n",
    ),
}


class Shell:
    """A shell whose completions are those in `share`, as a wheel installs them; `screen` is what its window shows."""

    def __init__(self, name, home, share, *, path, folder, **variables):
        program(name)
        if not os.path.exists(BASH_COMPLETION):
            missing("bash-completion")
        file, text = RC[name]
        rc = home / file
        # Without this folder fish begins by reading all man pages, in a process that outlives it.
        (home / ".local/share/fish/generated_completions").mkdir(parents=True, exist_ok=True)
        rc.parent.mkdir(parents=True, exist_ok=True)
        rc.write_text(text.replace("{prompt}", PROMPT).replace("{share}", str(share)))
        self.terminal, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        environ = {"HOME": str(home), "PATH": path, "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        self.child = subprocess.Popen(
            [word.replace("{home}", str(home)) for word in STARTED[name]],
            env=environ | {"XDG_DATA_DIRS": f"{share}:/usr/local/share:/usr/share"} | variables,
            cwd=folder,
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(other)
        self._window = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._window)
        self._lines = 0
        self.sees(PROMPT.rstrip())

    @property
    def screen(self):
        return "\n".join(line.rstrip() for line in self._window.display).rstrip()

    def types(self, text):
        os.write(self.terminal, text.encode())

    def sees(self, *texts):
        """Waits until the window shows all of these."""
        while not all(text in self.screen for text in texts):
            ready, _, _ = select.select([self.terminal], [], [], 60)
            assert ready, f"no {texts} in:\n{self.screen}"
            self._stream.feed(os.read(self.terminal, 65536))

    def completed(self, line):
        """The words of a line after a TAB at its end, as the shell would hand them to a command."""
        self._window.reset()
        self._lines += 1
        # They are handed to printf instead, and so expanded as they would be; then something that tells the end.
        self.types(f"{line}\t{BEGINNING_OF_LINE}printf '<%s>\\n' \rprintf '<%s%s>\\n' end {self._lines}\r")
        end = f"<end{self._lines}>"
        self.sees(end)
        printed = [row.rstrip() for row in self._window.display if row.startswith("<")]
        return [row[1:-1] for row in printed if row != end]

    def close(self):
        self.child.kill()
        self.child.wait()
        os.close(self.terminal)
