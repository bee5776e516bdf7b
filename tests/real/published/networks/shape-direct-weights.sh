# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034 # read by run.sh
routers='192.0.2.2/24,172.31.2.2/24 192.0.2.3/24,172.31.2.3/24'
client=192.0.2.99/24
vip=192.0.2.100
vip_as='192.0.2.100/24 eth0:1'
servers='192.0.2.11/24 192.0.2.12/24 192.0.2.13/24'
servers_device=eth0 gateway=
keepalive=2 deadtime=6 checked_within=25
answers='1 2'
table='-A -t 192.0.2.100:80 -s wlc
-a -t 192.0.2.100:80 -r 192.0.2.11:80 -g -w 2
-a -t 192.0.2.100:80 -r 192.0.2.12:80 -g -w 2'
