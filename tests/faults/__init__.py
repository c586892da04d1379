"""What a run does when it is killed, when the disk is full or fails, and when files are damaged: it ends as if undisturbed.

`make test` runs a part of it, `make faults` all.
"""

import pytest

pytest.register_assert_rewrite("tests.faults.scene")  # so that its asserts tell what they found
