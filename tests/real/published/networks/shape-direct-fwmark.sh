# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034 # read by run.sh
routers='192.0.2.74/24 192.0.2.75/24'
client=192.0.2.99/24
vip=192.0.2.211
vip_as='192.0.2.211/24 eth0:2'
servers='192.0.2.81/24 192.0.2.82/24'
servers_device=eth0 gateway=
keepalive=6 deadtime=18 checked_within=3
answers=one
udp_port=5060
table='-A -f 3 -s wlc -p 400
-a -f 3 -r 192.0.2.81:0 -g -w 1
-a -f 3 -r 192.0.2.82:0 -g -w 1'
prepare() {
    # The original's nanny drops the last character of an answer.
    program ask-phone-server 'echo OK'
}
