"""The settings, and the environment, which is read here and nowhere else.

`fields` says which settings there are and `rules` what a text among them must be; `environment` reads them, with
`env_file`; `unread` finds variables that nothing reads, and `processes` is the environment of other processes.
"""

from twizzit_pipeline.settings.environment import load_settings
from twizzit_pipeline.settings.fields import Settings

__all__ = ["Settings", "load_settings"]
