# SPDX-License-Identifier: GPL-2.0-only
import sys

from .command import main

sys.exit(main())
