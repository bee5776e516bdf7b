#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# run_document.sh PROJECT LVSLAB DOCUMENT: does what the document tells its reader to do, in an empty
# folder beside the project's scenarios: writes its files (```yaml NAME, ```lvs.cf NAME) and runs the
# commands of its ```sh blocks in order. A command that ends in "# exit N" has to end so, all others
# with 0. Not run: make, git, apt-get, cd and PATH, which get the reader to where this script starts.
set -eu
project=$1 lvslab=$2 document=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
ln -s "$project/scenarios" scenarios
ln -s "$project/tests" tests
ln -s "$project/core" core
ln -s "$project/sim" sim
mkdir -p build/release bin
ln -s "$lvslab" bin/lvslab
ln -s "$folder/bin" build/release/bin
PATH=$folder/bin:$PATH
export PATH

awk '
    /^```/ && inside {
        if (inside == "file") print "END_OF_FILE"
        inside = ""
        next
    }
    /^```sh$/ { inside = "commands"; next }
    /^```[a-z.]+ [^ ]+$/ { inside = "file"; print "cat >" $2 " <<\"END_OF_FILE\""; next }
    /^```/ { inside = "other"; next }
    inside == "file" { print; next }
    inside == "commands" && !/^ *(#|$)/ {
        if ($0 ~ /^(sudo|make|git|cd|PATH=|xdg-open)/) {
            printf "echo \"not run: %s\"\n", $1
            next
        }
        wanted = match($0, /# exit [0-9]+$/) ? substr($0, RSTART + 7) : 0
        print "cat <<\"END_OF_COMMAND\"\n+ " $0 "\nEND_OF_COMMAND"
        print "code=0\n{ " $0 "\n} || code=$?"
        print "if [ $code -ne " wanted " ]; then echo \"ended with $code, not " wanted "\"; exit 1; fi"
        commands++
    }
    END { if (commands == 0) print "echo no command was found; exit 1" }
' "$document" >commands.txt
exec </dev/null
sh -eu commands.txt
