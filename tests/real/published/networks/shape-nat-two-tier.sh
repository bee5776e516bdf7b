# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034 # read by run.sh
routers='198.51.100.2/24,10.20.30.2/24 198.51.100.3/24,10.20.30.3/24'
client=198.51.100.99/24
vip=198.51.100.10
vip_as='198.51.100.10/24 eth0:1'
servers='10.20.30.11/24 10.20.30.12/24'
servers_device=eth1 gateway=10.20.30.254
keepalive=6 deadtime=18 checked_within=45
answers='1 2'
table='-A -t 198.51.100.10:80 -s wlc
-a -t 198.51.100.10:80 -r 10.20.30.11:80 -m -w 1
-a -t 198.51.100.10:80 -r 10.20.30.12:80 -m -w 3'
