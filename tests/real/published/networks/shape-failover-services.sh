# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034 # read by run.sh
# The file gives the routers no addresses of their own in the private network.
routers='203.0.113.150/24,10.9.8.150/24 203.0.113.196/24,10.9.8.196/24'
client=203.0.113.99/24
vip=203.0.113.20
vip_as='203.0.113.20/32 eth0:1'
servers='10.9.8.2/24 10.9.8.3/24'
servers_device=eth1 gateway=10.9.8.100
keepalive=6 deadtime=18 checked_within=12
answers=one
table='-A -t 203.0.113.20:80 -s wlc -p 60
-a -t 203.0.113.20:80 -r 10.9.8.2:80 -m -w 1
-a -t 203.0.113.20:80 -r 10.9.8.3:80 -m -w 1'
prepare() {
    # rsh_command = ssh: what `ssh HOST uptime` would print.
    program ssh 'echo " 10:00:00 up 1 day,  1:00,  1 user,  load average: 0.00, 0.00, 0.00"'
}
