#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest: plays all of /scripts; /out gets a recording for each.
set --
for script in /scripts/*.script; do
    name=${script##*/}
    set -- "$@" "$script" "/out/${name%.script}.jsonl"
done
exec ipvs_oracle "$@"
