# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034 # read by run.sh
routers='198.51.100.108/24 198.51.100.109/24'
client=198.51.100.99/24
vip=198.51.100.180
vip_as='198.51.100.180/24 eth0:1'
servers='198.51.100.161/24 198.51.100.162/24'
servers_device=eth0 gateway=
keepalive=2 deadtime=3 checked_within=3
answers=one
table='-A -t 198.51.100.180:80 -s wlc -p 30
-a -t 198.51.100.180:80 -r 198.51.100.161:80 -g -w 1
-a -t 198.51.100.180:80 -r 198.51.100.162:80 -g -w 1'
