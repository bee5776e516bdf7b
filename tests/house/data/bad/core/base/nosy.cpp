// SPDX-License-Identifier: GPL-2.0-only
#include "core/base/good.hpp"
#include "core/ipvs/service.hpp"
#include <sys/socket.h>
#include <boost/asio.hpp>
#include <fstream>
#include <iostream>
#include <thread>
#include <ctime>
#include <random>
#include <arpa/inet.h>
