"""Compiles what importing some modules imports: an image that cannot be written to would do so at each start.

Usage: python compile_imported.py MODULE...

Only what is below the environment of this Python is compiled, and it is taken whatever time its source has:
so two builds of an image are the same.
"""

import importlib
import sys
from py_compile import PycInvalidationMode
from py_compile import compile as compile_file

for name in sys.argv[1:]:
    importlib.import_module(name)

files = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
for file in sorted(files):
    if file.startswith(sys.prefix) and file.endswith(".py"):
        compile_file(file, doraise=True, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
